#include "rewrite/page_script.h"

#include <gmock/gmock.h>

#include "rewrite/rewriter_testing.h"

namespace berth::rewrite {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(PageScriptTest, TheConfigurationCannotLeaveTheScriptElement) {
  PageSetup setup;
  setup.local_storage = {{"</script><script>alert(1)//", "<!--\xE2\x80\xA8\"'\\"}};
  const std::string script = PageScript("/P", setup);
  EXPECT_THAT(script, Not(HasSubstr("</")));
  EXPECT_THAT(script, Not(HasSubstr("<!--")));
  EXPECT_THAT(script, Not(HasSubstr("\xE2\x80\xA8")));
  EXPECT_THAT(script, StartsWith("(function berth(config){\n"));
  EXPECT_THAT(script, EndsWith("\"basename\":false});\n"));
}

TEST(PageScriptTest, CommentsAreLeftOut) {
  EXPECT_THAT(PageScript("/P", {}), Not(HasSubstr("\n//")));
  EXPECT_LT(PageScript("/P", {}).size(), 24U * 1024);
}

TEST(PageScriptTest, TheVersionFollowsWhatMatters) {
  PageSetup setup;
  const std::string version = RewriteVersion("/P", setup);
  EXPECT_EQ(version.size(), 8U);
  EXPECT_EQ(version, RewriteVersion("/P", setup));
  EXPECT_NE(version, RewriteVersion("/Q", setup));
  setup.rewrite_javascript = true;
  EXPECT_NE(version, RewriteVersion("/P", setup));
}

TEST(PreludeRewriterTest, ThePreludeComesOnceAndFirst) {
  const auto make = [] { return std::make_unique<PreludeRewriter>("P;", nullptr); };
  EXPECT_EQ(testing::Rewrite(make, "abc"), "P;abc");
  EXPECT_EQ(testing::Rewrite(make, ""), "P;");
}

TEST(PreludeRewriterTest, WhatIsStrictStaysStrict) {
  const auto make = [] { return std::make_unique<PreludeRewriter>("P;", nullptr); };
  for (const std::string_view text :
       {"'use strict';x", "\"use strict\"\nx", "/* a licence */\n// by us\n 'use strict'",
        "\xEF\xBB\xBF'use strict';"}) {
    EXPECT_EQ(testing::Rewrite(make, text), "\"use strict\";P;" + std::string(text));
  }
  for (const std::string_view text :
       {"x;'use strict'", "'use strict'.length", "'use strict", "'use strictly';",
        "/* 'use strict'", "'use strict\";", "/", "//", "\xEF\xBB", "f('use strict');"}) {
    EXPECT_EQ(testing::Rewrite(make, text), "P;" + std::string(text));
  }
}

TEST(PreludeRewriterTest, ABeginningInManyPiecesIsLookedThroughAFewTimes) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "//\n";
  PreludeRewriter rewriter("P;", nullptr);
  std::string out;
  rewriter.Feed(text, out);
  // As members of gzip come that hold nothing: else this takes minutes.
  for (int i = 0; i < 1'000'000; ++i) rewriter.Feed("", out);
  EXPECT_EQ(out, "");
  rewriter.Feed("'use strict';", out);
  rewriter.Finish(out);
  EXPECT_EQ(out, "\"use strict\";P;" + text + "'use strict';");
}

TEST(PreludeRewriterTest, ALongBeginningIsNotHeld) {
  const std::string text = "/*" + std::string(100'000, 'x') + "*/'use strict';";
  PreludeRewriter rewriter("P;", nullptr);
  std::string out;
  rewriter.Feed(text.substr(0, 70'000), out);
  EXPECT_EQ(out, "P;" + text.substr(0, 70'000));
}

}  // namespace
}  // namespace berth::rewrite
