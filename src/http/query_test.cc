#include "http/query.h"

#include <gtest/gtest.h>

namespace berth::http {
namespace {

TEST(QueryTest, EscapesAndUnescapes) {
  EXPECT_EQ(EscapeQuery("/session/a b?c=1&d#e"), "/session/a%20b%3Fc%3D1%26d%23e");
  EXPECT_EQ(UnescapeQuery("/session/a+b%3fc%3D1"), "/session/a b?c=1");
  for (const char* broken : {"%", "%1", "%zz", "a%f"})
    EXPECT_FALSE(UnescapeQuery(broken)) << broken;
}

TEST(QueryTest, FindsTheFirstParameterOfAName) {
  EXPECT_EQ(QueryParameter("a=1&b=2&b=3", "b"), "2");
  EXPECT_EQ(QueryParameter("ab=1", "a"), std::nullopt);
  EXPECT_EQ(QueryParameter("a&b=", "a"), "");
  EXPECT_EQ(QueryParameter("", "a"), std::nullopt);
  EXPECT_EQ(QueryParameter("a=%", "a"), std::nullopt);
}

}  // namespace
}  // namespace berth::http
