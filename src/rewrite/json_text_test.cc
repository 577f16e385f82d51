#include "rewrite/json_text.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "rewrite/rewriter_testing.h"

namespace berth::rewrite {
namespace {

using ::testing::HasSubstr;

TEST(ManifestTest, EveryReferenceMoves) {
  const auto fixed = FixManifest(
      R"({"name":"/n","id":"/","start_url":"/?source=pwa","scope":"/","icons":[{"src":"/i.png"},{"src":"j.png"}],)"
      R"("screenshots":[{"src":"/s.png"}],"shortcuts":[{"url":"/new","icons":[{"src":"/k.png"}]}],)"
      R"("share_target":{"action":"/share"},"file_handlers":[{"action":"/open"}]})",
      "/P");
  ASSERT_TRUE(fixed);
  EXPECT_EQ(
      *fixed,
      R"({"name":"/n","id":"/P/","start_url":"/P/?source=pwa","scope":"/P/","icons":[{"src":"/P/i.png"},{"src":"j.png"}],)"
      R"("screenshots":[{"src":"/P/s.png"}],"shortcuts":[{"url":"/P/new","icons":[{"src":"/P/k.png"}]}],)"
      R"("share_target":{"action":"/P/share"},"file_handlers":[{"action":"/P/open"}]})");
  EXPECT_FALSE(FixManifest(*fixed, "/P")) << "nothing is left to change";
}

TEST(ManifestTest, AnIdIsTheInstancesOwnThoughItNamesNoRoot) {
  const auto id = [](std::string_view text) {
    const auto fixed = FixManifest(fmt::format(R"({{"id":"{}"}})", text), "/P");
    return fixed ? *fixed : "as it was";
  };
  EXPECT_EQ(id("app"), R"({"id":"/P/app"})");
  EXPECT_EQ(id("./?app=1"), R"({"id":"/P/?app=1"})");
  EXPECT_EQ(id("?app"), R"({"id":"/P/?app"})");
  EXPECT_EQ(id("/app"), R"({"id":"/P/app"})");
  EXPECT_EQ(id("/P/app"), "as it was");
  EXPECT_EQ(id(""), "as it was");
  EXPECT_EQ(id("https://app.example/"), "as it was");
}

TEST(ManifestTest, WhatIsNoManifestPassesUnchanged) {
  const auto make = [] { return std::make_unique<ManifestRewriter>("/P"); };
  for (const std::string_view text : {"", "{", R"({"start_url":"/","x":[5e531]})", "[\"/x\"]",
                                      "{\"start_url\":\"./\"}", "{ \"start_url\" : 1 }", "not json",
                                      "{\"icons\":{\"src\":\"/x\"},\"shortcuts\":[\"/x\"]}"}) {
    EXPECT_EQ(testing::Rewrite(make, text), text);
  }
  EXPECT_EQ(testing::Rewrite(make, R"({"start_url":"/"})"), R"({"start_url":"/P/"})");
}

TEST(ManifestTest, TooLongAManifestPassesUnchanged) {
  const std::string text = R"({"start_url":"/","x":")" + std::string(kLongestManifest, 'a') + "\"}";
  const auto make = [] { return std::make_unique<ManifestRewriter>("/P"); };
  EXPECT_EQ(testing::RewriteWhole(make, text), text);
}

TEST(ImportMapTest, OursIsMergedIntoThePagesOwn) {
  EXPECT_EQ(ImportMap("/P"), R"({"imports":{"/":"/P/","/P/":"/P/"}})");
  EXPECT_EQ(MergedImportMap("{}", "/P"), ImportMap("/P"));
  EXPECT_EQ(
      MergedImportMap(
          R"({"imports":{"lib":"/lib.js","/a/":"./b/"},"scopes":{"/s/":{"x":"/y.js"}}})", "/P"),
      R"({"imports":{"lib":"/P/lib.js","/a/":"./b/","/P/a/":"./b/","/":"/P/","/P/":"/P/"},)"
      R"("scopes":{"/P/s/":{"x":"/P/y.js"}}})");
  for (const auto bad : {"", "[]", "{", R"({"imports":[]})", R"({"x":5e531})"}) {
    EXPECT_FALSE(MergedImportMap(bad, "/P")) << bad;
  }
}

TEST(ImportMapTest, AMergedMapCannotEndItsElement) {
  const auto merged = MergedImportMap(R"({"imports":{"x":"</script><script>"}})", "/P");
  ASSERT_TRUE(merged);
  EXPECT_THAT(*merged, Not(HasSubstr("<")));
}

TEST(ForScriptTest, NothingThatHtmlWouldReadIsLeft) {
  EXPECT_EQ(ForScript("\"</script><!--&\xE2\x80\xA8\xE2\x80\xA9\""),
            "\"\\u003c/script\\u003e\\u003c!--\\u0026\\u2028\\u2029\"");
}

}  // namespace
}  // namespace berth::rewrite
