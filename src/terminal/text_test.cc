#include "terminal/text.h"

#include <gtest/gtest.h>

namespace berth::terminal {
namespace {

TEST(PlainText, KeepsWhatCanBeRead) {
  EXPECT_EQ(Plain("naïve 日本 🚢"), "naïve 日本 🚢");
  EXPECT_EQ(Plain("two\nlines\tand\r"), "two lines and ");
}

TEST(PlainText, NothingReachesTheTerminalAsACommand) {
  EXPECT_EQ(Plain("\x1b[2J\a\x7f"), "\uFFFD[2J\uFFFD\uFFFD");
  EXPECT_EQ(Plain("\u009b31m"), "\uFFFD31m");    // CSI as one character.
  EXPECT_EQ(Plain("a\u202Egnp"), "a\uFFFDgnp");  // Right to left from here on.
  EXPECT_EQ(Plain("\xff\xc0\xaf"), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(Plain(std::string_view("a\0b", 3)), "a\uFFFDb");
}

TEST(PlainText, JsonIsTheSameWithEscapes) {
  EXPECT_EQ(PlainJson("{\"a\":\n\t\"naïve 🚢 \\u001b\"}"), "{\"a\":\n\t\"naïve 🚢 \\u001b\"}");
  EXPECT_EQ(
      PlainJson("\"\x7f \u0080 \u009b31m \u061c \u200e \u2028 \u202e \u2066 \u2069 \ufeff\""),
      "\"\\u007f \\u0080 \\u009b31m \\u061c \\u200e \\u2028 \\u202e \\u2066 \\u2069 \\ufeff\"");
}

TEST(PlainText, IsMeasuredInColumns) {
  EXPECT_EQ(Width("laptop"), 6u);
  EXPECT_EQ(Width("naïve"), 5u);
  EXPECT_EQ(Width("e\u0301"), 1u);
  EXPECT_EQ(Width("日本"), 4u);
  EXPECT_EQ(Width("🚢"), 2u);
  EXPECT_EQ(Width(""), 0u);
}

TEST(PlainText, FitsWithAMarkWhereItWasCut) {
  EXPECT_EQ(Fit("laptop", 6), "laptop");
  EXPECT_EQ(Fit("laptop", 5), "lapt…");
  EXPECT_EQ(Fit("/home/anna/work/berth", 8, Cut::kStart), "…k/berth");
  EXPECT_EQ(Fit("日本語", 4), "日…");
  EXPECT_EQ(Fit("日本語", 5), "日本…");
  EXPECT_EQ(Fit("laptop", 1), "…");
  EXPECT_EQ(Fit("laptop", 0), "");
}

}  // namespace
}  // namespace berth::terminal
