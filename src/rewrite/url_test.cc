#include "rewrite/url.h"

#include <gtest/gtest.h>

namespace berth::rewrite {
namespace {

TEST(UrlTest, OnlyPlainPathsAreUsablePrefixes) {
  for (const auto good : {"/clients/x/proxy", "/p", "/a-b/c.d/e_f~g"}) {
    EXPECT_TRUE(IsUsablePrefix(good)) << good;
  }
  for (const auto bad : {"", "/", "p", "/p/", "//p", "/p//q", "/p\"", "/p<", "/p q", "/./p",
                         "/../p", "/p\n", "/%2e%2e", "/p'", "/p)", "/p\\q"}) {
    EXPECT_FALSE(IsUsablePrefix(bad)) << bad;
  }
  EXPECT_FALSE(IsUsablePrefix("/" + std::string(kMaxPrefix, 'a')));
}

TEST(UrlTest, RootRelativeReferencesMoveAndOthersStay) {
  const std::pair<const char*, const char*> cases[] = {
      {"/", "/P/"},
      {"/x", "/P/x"},
      {"/?q", "/P/?q"},
      {"/../x", "/P/x"},
      {"/a/./b/../../../x/..", "/P/"},
      {"/..", "/P/"},
      {"/..#/../x", "/P/#/../x"},
      {"/../P/x", "/P/P/x"},
      {"/a/./..b/...", "/P/a/..b/..."},
      {"/a/./x", "/P/a/x"},
      {"/%2e%2e/x", "/P/x"},
      {"/a/.%2E/%2E./x/%2e", "/P/x/"},
      {"/a\\b\\..\\..\\../x", "/P/x"},
      {"/a\\b", "/P/a/b"},  // As URL parsers read it, and so below the prefix.
      {"/a/..\\\\b", "/P//b"},
      {"/%2e%2/%2f../x", "/P/%2e%2/%2f../x"},
      {"  /x ", "  /P/x "},
      {"/Px", "/P/Px"},
      {"/Q", "/P/Q"},
      {"/P", "/P"},
      {"/P/", "/P/"},
      {"/P?q", "/P?q"},
      {"/P#f", "/P#f"},
      {"/P/x", "/P/x"},
      {"", ""},
      {"x", "x"},
      {"./x", "./x"},
      {"//host/x", "//host/x"},
      {"/\\host", "/\\host"},
      {"/\t/host", "/\t/host"},
      {"http://h/x", "http://h/x"},
      {"data:,/x", "data:,/x"},
      {"#x", "#x"},
      {"?x", "?x"},
  };
  for (const auto& [in, out] : cases) {
    EXPECT_EQ(FixReference(in, "/P"), out) << in;
    EXPECT_EQ(FixReference(out, "/P"), out) << "twice: " << in;
  }
}

TEST(UrlTest, AStartIsUndecidedOnlyAsLongAsItMustBe) {
  EXPECT_EQ(JudgeStart("", "/P"), Verdict::kUndecided);
  EXPECT_EQ(JudgeStart("/", "/P"), Verdict::kUndecided);
  EXPECT_EQ(JudgeStart("/P", "/P"), Verdict::kUndecided);
  EXPECT_EQ(JudgeStart("/P/", "/P"), Verdict::kKeep);
  EXPECT_EQ(JudgeStart("/Pa", "/P"), Verdict::kPrefix);
  EXPECT_EQ(JudgeStart("/a", "/P"), Verdict::kPrefix);
  EXPECT_EQ(JudgeStart("a", "/P"), Verdict::kKeep);
}

TEST(UrlTest, SrcsetCandidatesAreFixedOneByOne) {
  const std::pair<const char*, const char*> cases[] = {
      {"/a.png", "/P/a.png"},
      {"/a.png 1x, /b.png 2x", "/P/a.png 1x, /P/b.png 2x"},
      {"/a.png 1x,/b.png 2x", "/P/a.png 1x,/P/b.png 2x"},
      {"/a.png, /b.png 2x", "/P/a.png, /P/b.png 2x"},
      {"data:image/jpeg;base64,/9j/4A 1x, /b 2x", "data:image/jpeg;base64,/9j/4A 1x, /P/b 2x"},
      {" , /a 100w,\n //h/b 200w", " , /P/a 100w,\n //h/b 200w"},
      {"/a calc(1, 2), /b", "/P/a calc(1, 2), /P/b"},
      {"", ""},
  };
  for (const auto& [in, out] : cases) {
    EXPECT_EQ(FixSrcset(in, "/P"), out);
    EXPECT_EQ(FixSrcset(out, "/P"), out);
  }
}

TEST(UrlTest, RefreshKeepsItsDelayAndQuotes) {
  const std::pair<const char*, const char*> cases[] = {
      {"5", "5"},
      {"5; url=/x", "5; url=/P/x"},
      {"0;URL='/x'", "0;URL='/P/x'"},
      {"0; url = \"/x\" ", "0; url = \"/P/x\" "},
      {"0;/x", "0;/P/x"},
      {"0; url=https://h/x", "0; url=https://h/x"},
      {"0; url='/x", "0; url='/P/x"},
  };
  for (const auto& [in, out] : cases) {
    EXPECT_EQ(FixRefresh(in, [](std::string_view url) { return FixReference(url, "/P"); }), out);
  }
}

TEST(UrlTest, StyleAttributesMayQuoteWithEntities) {
  const std::pair<const char*, const char*> cases[] = {
      {"background:url(/a.png)", "background:url(/P/a.png)"},
      {"background:URL( '/a.png' )", "background:URL( '/P/a.png' )"},
      {"background:url(&quot;/a.png&quot;)", "background:url(&quot;/P/a.png&quot;)"},
      {"a:url(&#39;/a&#39;);b:url(/b)", "a:url(&#39;/P/a&#39;);b:url(/P/b)"},
      {"a:url(//h/a);b:url(data:,/x)", "a:url(//h/a);b:url(data:,/x)"},
      {"a:url(/../a.png);b:url('/%2e./b')", "a:url(/P/a.png);b:url('/P/b')"},
      {"a:url(", "a:url("},
      {"a:url(/", "a:url(/P/"},
      {"a:url()url(/b)", "a:url()url(/P/b)"},
      {"a:url(url(/b)", "a:url(url(/b)"},
  };
  for (const auto& [in, out] : cases) EXPECT_EQ(FixStyleAttribute(in, "/P"), out);
}

TEST(UrlTest, EachByteOfAStyleAttributeIsLookedAtOnce) {
  std::string style;
  for (int i = 0; i < 1 << 18; ++i) style += "url(";
  EXPECT_EQ(FixStyleAttribute(style, "/P"), style) << "else this takes minutes";
}

}  // namespace
}  // namespace berth::rewrite
