#include "rewrite/validators.h"

#include <gtest/gtest.h>

namespace berth::rewrite {
namespace {

TEST(ValidatorsTest, ATagOfOursHoldsTheInstancesAndComesBack) {
  EXPECT_EQ(DeriveEtag("\"abc\"", "1a2b"), "W/\"abc-s1a2b\"");
  EXPECT_EQ(DeriveEtag("W/\"abc\"", "1a2b"), "W/\"abc-w1a2b\"");
  EXPECT_FALSE(DeriveEtag("abc", "1a2b"));
  EXPECT_FALSE(DeriveEtag("", "1a2b"));

  EXPECT_EQ(OriginalEtags("W/\"abc-s1a2b\"", "1a2b"), "\"abc\"");
  EXPECT_EQ(OriginalEtags("W/\"a,c-w1a2b\" , \"x\", W/\"d-s1a2b\"", "1a2b"), "W/\"a,c\", \"d\"");
  EXPECT_EQ(OriginalEtags("W/\"abc-s1a2b\"", "ffff"), "") << "an older version's output";
  for (const auto foreign : {"", "*", "\"abc\"", "\"", "\"1a2b\"", "W/\"x1a2b\"", ",,"}) {
    EXPECT_EQ(OriginalEtags(foreign, "1a2b"), "") << foreign;
  }
}

TEST(ValidatorsTest, LongFreshnessIsCut) {
  const std::pair<const char*, const char*> cases[] = {
      {"public, max-age=31536000, immutable", "public, max-age=300"},
      {"max-age=60", "max-age=60"},
      {"no-store, no-cache", "no-store, no-cache"},
      {"immutable", ""},
      {"max-age=60, stale-while-revalidate=86400, stale-if-error=86400", "max-age=60"},
      {"private,s-maxage=9999999999999999999999", "private, s-maxage=300"},
      {"max-age=\"600\"", "max-age=300"},
      {"", ""},
      {" , ,", ""},
  };
  for (const auto& [in, out] : cases) EXPECT_EQ(ShortenFreshness(in), out) << in;
}

}  // namespace
}  // namespace berth::rewrite
