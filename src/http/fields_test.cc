#include "http/fields.h"

#include <gtest/gtest.h>

#include <string>

namespace berth::http {
namespace {

char LowerOf(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

TEST(FieldsTest, NamesAreStoredInLowerCaseWhateverTheirSizeAndBytes) {
  for (std::size_t size = 0; size <= 40; ++size) {
    for (int first = 0; first < 256; first += 3) {
      std::string name;
      std::string lower;
      for (std::size_t i = 0; i < size; ++i) {
        name.push_back(static_cast<char>(first + static_cast<int>(i * 11)));
        lower.push_back(LowerOf(name.back()));
      }
      Fields fields;
      fields.Add(name, "Value");
      ASSERT_EQ(fields[0].name, lower) << size << ' ' << first;
      ASSERT_EQ(fields[0].value, "Value");
    }
  }
}

TEST(FieldsTest, ComparisonWithoutCaseLooksAtEveryByte) {
  for (std::size_t size = 0; size <= 20; ++size) {
    const std::string lower(size, 'q');
    const std::string upper(size, 'Q');
    EXPECT_TRUE(EqualsIgnoreCase(lower, upper));
    EXPECT_FALSE(EqualsIgnoreCase(lower, upper + 'q'));
    for (std::size_t i = 0; i < size; ++i) {
      std::string other = upper;
      other[i] = 'r';
      EXPECT_FALSE(EqualsIgnoreCase(lower, other)) << size << ' ' << i;
    }
  }
  // Bytes that differ by what makes a letter upper case, and are no letters.
  EXPECT_FALSE(EqualsIgnoreCase("aaaaaaa@", "aaaaaaa`"));
  EXPECT_FALSE(EqualsIgnoreCase("[", "{"));
  EXPECT_FALSE(EqualsIgnoreCase("aaaaaaa\xC1", "aaaaaaa\xE1"));
}

TEST(FieldsTest, FindsCountsAndRemovesByTheWholeName) {
  Fields fields;
  for (const char* name : {"etag", "date", "Etag", "x-etag", "etag-x", "eta"}) {
    fields.Add(name, name);
  }
  fields.Add("", "nameless");
  EXPECT_EQ(fields.Find("etag"), "etag");
  EXPECT_EQ(fields.Count("etag"), 2U);
  EXPECT_EQ(fields.Find("et"), std::nullopt);
  EXPECT_EQ(fields.Find(""), "nameless");
  EXPECT_EQ(fields.Remove("etag"), 2U);
  EXPECT_EQ(fields.Remove("etag"), 0U);
  EXPECT_EQ(fields.size(), 5U);
  EXPECT_EQ(fields[0].name, "date");
  EXPECT_EQ(fields.Find("x-etag"), "x-etag");
}

TEST(FieldsTest, TakesViewsOfItself) {
  Fields fields;
  fields.Add("name", std::string(600, 'v'));
  for (int i = 0; i < 10; ++i) fields.Add(fields[0].name, fields[0].value);
  const Fields copy = fields;
  EXPECT_EQ(copy.Count("name"), 11U);
  for (const auto& [name, value] : copy) EXPECT_EQ(value, std::string(600, 'v'));
}

TEST(FieldsTest, TokensAreFoundInLists) {
  Fields fields;
  fields.Add("connection", "keep-alive ,\tUpgrade");
  fields.Add("connection", "x");
  EXPECT_TRUE(fields.HasToken("connection", "upgrade"));
  EXPECT_TRUE(fields.HasToken("connection", "X"));
  EXPECT_FALSE(fields.HasToken("connection", "keep"));
  EXPECT_FALSE(fields.HasToken("upgrade", "x"));
}

}  // namespace
}  // namespace berth::http
