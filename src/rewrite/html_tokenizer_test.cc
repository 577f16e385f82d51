// What is a tag and what only looks like one. What becomes of tags: html_rewriter_test.cc.
#include "rewrite/html_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace berth::rewrite {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Tells what it sees, and writes it as it is.
class Watcher final : public HtmlTokenizer::Handler {
 public:
  void SeeDoctype() override { seen.emplace_back("doctype"); }
  void WriteTag(const HtmlTag& tag, std::string& out) override {
    std::string what = (tag.is_end ? "/" : "") + tag.name;
    for (const auto& attribute : tag.attributes) {
      what.append(" ").append(tag.NameOf(attribute)).append("=").append(tag.ValueOf(attribute));
    }
    seen.push_back(what);
    out.append(tag.text);
  }
  void PassTag(const HtmlTag&, std::string&) override {}
  void BeginRaw(const HtmlTag&) override { seen.emplace_back("raw:"); }
  void WriteRaw(std::string_view text, std::string& out) override {
    seen.back().append(text);
    out.append(text);
  }
  void EndRaw(std::string&) override {}

  std::vector<std::string> seen;
};

/// What is seen of `page`, whether it comes whole or byte by byte; every byte of it must come out.
std::vector<std::string> Seen(std::string_view page) {
  Watcher whole;
  HtmlTokenizer tokenizer(whole);
  std::string out;
  tokenizer.Feed(page, out);
  tokenizer.Finish(out);
  EXPECT_EQ(out, page);

  Watcher pieces;
  HtmlTokenizer again(pieces);
  out.clear();
  for (const char& c : page) again.Feed({&c, 1}, out);
  again.Finish(out);
  EXPECT_EQ(out, page);
  EXPECT_EQ(pieces.seen, whole.seen);
  return whole.seen;
}

TEST(HtmlTokenizerTest, FindsTagsAndAttributes) {
  EXPECT_THAT(Seen("<!DOCTYPE html><A HREF='/x' b=c d>text</a><br/>"),
              ElementsAre("doctype", "a HREF=/x b=c d=", "/a", "br"));
  EXPECT_THAT(Seen("<a =b='x'y=\"<z>\">"), ElementsAre("a =b=x y=<z>"));
  EXPECT_THAT(Seen("<a b = c>"), ElementsAre("a b=c"));
}

TEST(HtmlTokenizerTest, TakesNoTextForATag) {
  EXPECT_THAT(Seen("1 < 2 <3 </ a> <? a> <!x <a>"), IsEmpty());
  EXPECT_THAT(Seen("<!-- <a> --><b><!--> <a> --!><!-- <a>"), ElementsAre("b", "a"));
  EXPECT_THAT(Seen("<svg><![CDATA[<a>]]></svg>"), ElementsAre("svg", "/svg"));
  EXPECT_THAT(Seen("<plaintext><a>"), ElementsAre("plaintext"));
}

TEST(HtmlTokenizerTest, GivesRawTextApart) {
  EXPECT_THAT(Seen("<script>a<b</scrip></script>"),
              ElementsAre("script", "raw:a<b</scrip>", "/script"));
  EXPECT_THAT(Seen("<script><!--<script></script>--></script>"),
              ElementsAre("script", "raw:<!--<script></script>-->", "/script"));
  EXPECT_THAT(Seen("<title><a></title >"), ElementsAre("title", "raw:<a>", "/title"));
  EXPECT_THAT(Seen("<svg><title><a></title>"), ElementsAre("svg", "title", "a", "/title"));
}

TEST(HtmlTokenizerTest, HoldsNoMoreThanTheLongestTag) {
  const std::string page = "<a b='c' d='" + std::string(2 * kLongestTag, 'x') + "'><e>";
  EXPECT_THAT(Seen(page), ElementsAre("a b=c", "e"));
  EXPECT_THAT(Seen(page.substr(0, page.size() - 5)), ElementsAre("a b=c"));
}

TEST(HtmlTokenizerTest, TellsWhetherThePageEndedBetweenTags) {
  for (const auto& [page, is_between] : std::vector<std::pair<std::string_view, bool>>{
           {"<a>text", true}, {"", true}, {"<a", false}, {"<!--", false}, {"<style>a", false}}) {
    Watcher watcher;
    HtmlTokenizer tokenizer(watcher);
    std::string out;
    tokenizer.Feed(page, out);
    EXPECT_EQ(tokenizer.Finish(out), is_between) << page;
    EXPECT_EQ(out, page);
  }
}

}  // namespace
}  // namespace berth::rewrite
