#include "base/trim.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(TrimTest, TakesWhatIsBetweenTheBlanks) {
  EXPECT_EQ(Trim("\r\n a b\t\n"), "a b");
  EXPECT_EQ(Trim("a"), "a");
  EXPECT_EQ(Trim(" \r\n"), "");
  EXPECT_EQ(Trim(""), "");
  EXPECT_EQ(Trim(" a\n", " "), "a\n");
}

}  // namespace
}  // namespace berth
