#include "http/grammar.h"

#include <gtest/gtest.h>

#include <string>

namespace berth::http {
namespace {

TEST(GrammarTest, KnowsTokens) {
  for (const std::string_view good : {"GET", "x-a", "!#$%&'*+-.^_`|~09azAZ"}) {
    EXPECT_TRUE(IsToken(good)) << good;
    EXPECT_EQ(TokenLength(std::string(good) + ": x"), good.size());
  }
  for (const std::string_view bad : {"", "a b", "a:", "(", "a\x7f", "\xc3\xa9"}) {
    EXPECT_FALSE(IsToken(bad)) << bad;
  }
  EXPECT_FALSE(IsToken(std::string_view("a\0b", 3)));
}

TEST(GrammarTest, KnowsFieldValues) {
  for (const std::string_view good : {"", "a\tb", " ~", "\xc3\xa9\xff"}) {
    EXPECT_TRUE(IsFieldValue(good)) << good;
  }
  for (const char bad : {'\0', '\r', '\n', '\x01', '\x1f', '\x7f'}) {
    EXPECT_FALSE(IsFieldValue(std::string(20, 'a') + bad)) << int{bad};
  }
}

TEST(GrammarTest, NoControlByteHidesInAFieldValueOfAnyLength) {
  for (std::size_t size = 1; size <= 70; ++size) {
    std::string value(size, '\t');
    ASSERT_TRUE(IsFieldValue(value)) << size;
    for (std::size_t at = 0; at < size; ++at) {
      for (const char bad : {'\0', '\x1f', '\x7f'}) {
        value[at] = bad;
        ASSERT_FALSE(IsFieldValue(value)) << int{bad} << " at " << at << " of " << size;
      }
      value[at] = static_cast<char>(at % 2 == 0 ? 0xff : ' ');
    }
  }
}

TEST(GrammarTest, KnowsPaths) {
  for (const std::string_view good :
       {"/", "/a//b", "/a?b=c&d", "/%2f", "/~!$&'()*+,;=:@[]{}|^`\"<>"}) {
    EXPECT_TRUE(IsOriginForm(good)) << good;
  }
  for (const std::string_view bad :
       {"", "*", "a", "//a", "/a b", "/a#b", "/a\\b", "/\x7f", "/\xc3"}) {
    EXPECT_FALSE(IsOriginForm(bad)) << bad;
  }
}

TEST(GrammarTest, KnowsAuthorities) {
  for (const std::string_view good :
       {"a", "a.b-c_d", "127.0.0.1:1", "[::1]", "[2001:db8::1]:443", "a:65535", "a.test."}) {
    EXPECT_TRUE(IsAuthority(good)) << good;
  }
  for (const std::string_view bad :
       {"", ":", ":80", "a:", "a:b", "a:65536", "a:123456", "[]", "[::1", "[::1]x", "[zz]", "a b",
        "a,b", "a/b", "u@a", "a%41"}) {
    EXPECT_FALSE(IsAuthority(bad)) << bad;
  }
}

TEST(GrammarTest, KnowsForbiddenEscapes) {
  for (const std::string_view bad :
       {"/clients/a%2fb", "/%2F", "/%5c", "/%5C", "/%00", "/%0d", "/%0A", "/%", "/%4", "/%zz"}) {
    EXPECT_TRUE(HasForbiddenEscape(bad)) << bad;
  }
  for (const std::string_view good : {"", "/clients/a%20b", "/%41", "/%c3%a9", "/a/b"}) {
    EXPECT_FALSE(HasForbiddenEscape(good)) << good;
  }
}

}  // namespace
}  // namespace berth::http
