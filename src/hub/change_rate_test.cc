#include "hub/change_rate.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace berth::hub {
namespace {

using std::chrono::seconds;

TEST(ChangeRateTest, EachCallerHasSoMany) {
  ChangeRate rate;
  const TimePoint now{};
  const auto spend = [&rate](const char* key, TimePoint at) {
    int made = 0;
    while (rate.Spend(key, at)) ++made;
    return made;
  };
  EXPECT_EQ(spend("a", now), 10'000);
  EXPECT_EQ(spend("a", now + seconds(10)), 50);
  EXPECT_EQ(spend("b", now + seconds(10)), 10'000);
}

TEST(ChangeRateTest, ForgetsThoseWhoHaveAllOfItAgain) {
  ChangeRate rate;
  TimePoint now{};
  while (rate.Spend("busy", now)) {
  }
  for (int i = 0; i < 10'000; ++i) {
    now += std::chrono::milliseconds(10);
    EXPECT_TRUE(rate.Spend(fmt::format("{}", i), now));
    EXPECT_LT(rate.size(), 200U);
  }
  int made = 0;
  while (rate.Spend("busy", now)) ++made;
  EXPECT_EQ(made, 500) << "100 s of its own";
}

}  // namespace
}  // namespace berth::hub
