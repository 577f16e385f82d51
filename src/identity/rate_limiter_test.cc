// Guessing gets slow; others are not affected; the table stays small.
#include "identity/rate_limiter.h"

#include <gtest/gtest.h>

#include "base/executor_testing.h"

namespace berth::identity {
namespace {

using std::chrono::seconds;

struct RateLimiterTest : ::testing::Test {
  berth::testing::TestExecutor executor;
  RateLimiter limiter{executor, "attempts", 10, 100};

  /// Attempts until one is refused; how many passed.
  int PassUntilRefused(std::string_view address, int at_most = 50) {
    for (int i = 0; i < at_most; ++i) {
      if (limiter.Attempt(address)) return i;
    }
    return at_most;
  }
};

TEST_F(RateLimiterTest, TenPassAMinuteThenNone) {
  EXPECT_EQ(PassUntilRefused("192.0.2.1"), 10);
  EXPECT_EQ(limiter.Check("192.0.2.1"), seconds(60));
  EXPECT_EQ(limiter.Check("192.0.2.2"), std::nullopt);
  executor.Advance(seconds(59) + std::chrono::milliseconds(500));
  EXPECT_EQ(limiter.Check("192.0.2.1"), seconds(1));
  executor.Advance(std::chrono::milliseconds(500));
  EXPECT_EQ(limiter.Check("192.0.2.1"), std::nullopt);
}

TEST_F(RateLimiterTest, SlowAttemptsAlwaysPass) {
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(limiter.Attempt("192.0.2.1"));
    executor.Advance(seconds(7));
  }
}

TEST_F(RateLimiterTest, WhoGoesOnWaitsLongerUpToAnHour) {
  PassUntilRefused("192.0.2.1");
  for (const int minutes : {1, 2, 4, 8, 16, 32, 60, 60}) {
    EXPECT_EQ(limiter.Check("192.0.2.1"), std::chrono::minutes(minutes));
    executor.Advance(std::chrono::minutes(minutes));
    EXPECT_EQ(PassUntilRefused("192.0.2.1"), 1);
  }
}

TEST_F(RateLimiterTest, AttemptsWhileLockedOutDoNotMakeItLonger) {
  PassUntilRefused("192.0.2.1");
  executor.Advance(seconds(30));
  for (int i = 0; i < 1000; ++i) limiter.Count("192.0.2.1");
  EXPECT_EQ(limiter.Check("192.0.2.1"), seconds(30));
}

TEST_F(RateLimiterTest, ALockIsOneLineOfTheLogAndWhatItRefusesNone) {
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 1000; ++i) limiter.Attempt("192.0.2.1");
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(log.ends_with(" too many attempts from 192.0.2.1: refused for 60 s\n")) << log;
  EXPECT_EQ(log.find('\n'), log.size() - 1) << log;
}

TEST_F(RateLimiterTest, AQuietAddressStartsAfresh) {
  PassUntilRefused("192.0.2.1");
  executor.Advance(seconds(120));
  EXPECT_EQ(PassUntilRefused("192.0.2.1"), 10);
  EXPECT_EQ(limiter.Check("192.0.2.1"), seconds(60));
}

TEST_F(RateLimiterTest, AnIpv6NetworkCountsAsOne) {
  EXPECT_EQ(RateLimitKey("2001:db8::1"), RateLimitKey("2001:db8:0:0:ffff::2"));
  EXPECT_NE(RateLimitKey("2001:db8::1"), RateLimitKey("2001:db8:0:1::1"));
  EXPECT_EQ(RateLimitKey("::ffff:192.0.2.1"), RateLimitKey("192.0.2.1"));
  EXPECT_EQ(RateLimitKey(std::string(1000, 'x')).size(), 64U);
}

TEST_F(RateLimiterTest, TheTableIsBoundedAndForgetsTheOldest) {
  PassUntilRefused("192.0.2.1");
  for (int i = 0; i < 99; ++i) limiter.Count("198.51.100." + std::to_string(i));
  EXPECT_TRUE(limiter.Check("192.0.2.1"));
  for (int i = 0; i < 1000; ++i) limiter.Count("203.0.113." + std::to_string(i));
  EXPECT_EQ(limiter.size(), 100U);
  EXPECT_FALSE(limiter.Check("192.0.2.1"));
}

}  // namespace
}  // namespace berth::identity
