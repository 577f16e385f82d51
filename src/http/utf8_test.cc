#include "http/utf8.h"

#include <gtest/gtest.h>

namespace berth::http {
namespace {

TEST(Utf8Test, AcceptsWhatRfc3629Accepts) {
  for (std::string_view text :
       {"", "plain", "long enough for a word of eight", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80",
        "\xED\x9F\xBF", "\xEE\x80\x80", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF",
        "gr\xC3\xBC\xC3\x9F dich"}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
  }
}

TEST(Utf8Test, RefusesWhatRfc3629Refuses) {
  for (std::string_view text : {"\x80", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x9F\xBF",
                                "\xED\xA0\x80", "\xE2\x82", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
                                "\xF5\x80\x80\x80", "\xFF", "12345678\xC3", "\xF0\x90\x80"}) {
    EXPECT_FALSE(IsUtf8(text)) << text;
  }
}

TEST(Utf8Test, MakesAnythingValid) {
  EXPECT_EQ(ToUtf8("fine"), "fine");
  EXPECT_EQ(ToUtf8("a\xFFz"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(ToUtf8("\xC3\xBC\xC3"), "\xC3\xBC\xEF\xBF\xBD");
}

}  // namespace
}  // namespace berth::http
