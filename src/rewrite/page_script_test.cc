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

}  // namespace
}  // namespace berth::rewrite
