#include "http/retry_after.h"

#include <gtest/gtest.h>

namespace berth::http {
namespace {

using namespace std::chrono_literals;

std::optional<std::chrono::seconds> Read(std::string_view value) {
  Fields fields;
  fields.Add("retry-after", value);
  return RetryAfterOf(fields, FromUnixMs(784'111'777'000));  // Sun, 06 Nov 1994 08:49:37 GMT.
}

TEST(RetryAfterTest, IsSecondsOrADateOfADayAtMost) {
  EXPECT_EQ(Read("0"), 0s);
  EXPECT_EQ(Read("120"), 120s);
  EXPECT_EQ(Read("99999999999"), 24h);
  EXPECT_EQ(Read("Sun, 06 Nov 1994 08:50:07 GMT"), 30s);
  EXPECT_EQ(Read("Sun, 06 Nov 1994 08:00:00 GMT"), 0s);
  EXPECT_EQ(Read("Sat, 06 Nov 2094 08:00:00 GMT"), 24h);
}

TEST(RetryAfterTest, WhatIsNeitherSaysNothing) {
  for (const char* value : {"", "-1", "+5", "5s", "1.5", "soon", "99999999999999999999"}) {
    EXPECT_EQ(Read(value), std::nullopt) << value;
  }
  EXPECT_EQ(RetryAfterOf(Fields(), WallTime()), std::nullopt);
}

}  // namespace
}  // namespace berth::http
