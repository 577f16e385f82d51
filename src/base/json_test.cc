#include "base/json.h"

#include <gtest/gtest.h>

#include "base/result_testing.h"

namespace berth {
namespace {

using testing::FailsWith;
using testing::IsOk;

TEST(JsonTest, WhatIsOfAnotherKindIsAbsent) {
  const auto object =
      ParseJsonObject(R"({"text":"a","number":5,"object":{},"array":[1],"no":null})");
  ASSERT_THAT(object, IsOk());
  EXPECT_EQ(StringMember(*object, "text"), "a");
  EXPECT_EQ(IntegerMember(*object, "number"), 5);
  EXPECT_NE(ObjectMember(*object, "object"), nullptr);
  EXPECT_NE(ArrayMember(*object, "array"), nullptr);
  for (const char* name : {"text", "number", "object", "array", "no", "absent"}) {
    if (name != std::string_view("text")) EXPECT_EQ(StringMember(*object, name), "") << name;
    if (name != std::string_view("number")) EXPECT_FALSE(IntegerMember(*object, name)) << name;
    if (name != std::string_view("object")) EXPECT_FALSE(ObjectMember(*object, name)) << name;
    if (name != std::string_view("array")) EXPECT_FALSE(ArrayMember(*object, name)) << name;
  }
}

TEST(JsonTest, AWholeNumberIsOneHoweverItIsWritten) {
  const auto object = ParseJsonObject(R"({"a":5.0,"b":5e3,"c":-7,"d":5.5,"e":1e300})");
  ASSERT_THAT(object, IsOk());
  EXPECT_EQ(IntegerMember(*object, "a"), 5);
  EXPECT_EQ(IntegerMember(*object, "b"), 5000);
  EXPECT_EQ(IntegerMember(*object, "c"), -7);
  EXPECT_FALSE(IntegerMember(*object, "d"));
  EXPECT_FALSE(IntegerMember(*object, "e"));
}

TEST(JsonTest, IsRefusedUnlessItIsWholeAndShallow) {
  EXPECT_THAT(ParseJson("{\"a\":"), FailsWith(ErrorKind::kInvalid));
  EXPECT_THAT(ParseJson(std::string(33, '[') + std::string(33, ']')),
              FailsWith(ErrorKind::kInvalid));
  EXPECT_THAT(ParseJson(std::string(32, '[') + std::string(32, ']')), IsOk());
  EXPECT_THAT(ParseJsonObject("[]"), FailsWith(ErrorKind::kInvalid));
}

TEST(JsonTest, AnObjectHasAtMostAThousandMembersAndEachIsCountedByItself) {
  const auto object = [](std::size_t members) {
    std::string text = "{\"}\":0";
    for (std::size_t i = 1; i < members; ++i) text += fmt::format(",\"k{}\":0", i);
    return text + "}";
  };
  EXPECT_THAT(ParseJson(object(kMostJsonMembers)), IsOk());
  EXPECT_THAT(ParseJson(object(kMostJsonMembers + 1)), FailsWith(ErrorKind::kTooLarge));
  EXPECT_THAT(ParseJson("[{\"a\":[" + object(kMostJsonMembers) + "," + object(kMostJsonMembers) +
                        "],\"b\":0}]"),
              IsOk());
  const std::string deep = std::string(31, '[') + object(kMostJsonMembers + 1);
  EXPECT_THAT(ParseJson(deep + std::string(31, ']')), FailsWith(ErrorKind::kTooLarge));
  // Also where it is no JSON in the end, and below what nobody parses.
  EXPECT_THAT(ParseJson(object(kMostJsonMembers + 1) + "}"), FailsWith(ErrorKind::kTooLarge));
  EXPECT_THAT(ParseJson("]}" + object(1)), FailsWith(ErrorKind::kInvalid));
  EXPECT_THAT(ParseJson(std::string(1000, '[') + object(kMostJsonMembers + 1)),
              FailsWith(ErrorKind::kInvalid));
}

}  // namespace
}  // namespace berth
