#include "base/token_bucket.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

using namespace std::chrono_literals;

TEST(TokenBucketTest, RefillsWithTime) {
  constexpr TokenBucket::Rate kRate{.burst = 2, .per_second = 1};
  const TimePoint now{};
  TokenBucket bucket;
  EXPECT_TRUE(bucket.Spend(kRate, now));
  EXPECT_TRUE(bucket.Spend(kRate, now));
  EXPECT_FALSE(bucket.Spend(kRate, now));
  EXPECT_TRUE(bucket.Spend(kRate, now + 1s));
  EXPECT_FALSE(bucket.Spend(kRate, now + 1s));
  EXPECT_TRUE(bucket.Spend(kRate, now + 1h));
  EXPECT_TRUE(bucket.Spend(kRate, now + 1h));
  EXPECT_FALSE(bucket.Spend(kRate, now + 1h));
}

TEST(TokenBucketTest, WhatIsTooMuchTakesNothing) {
  constexpr TokenBucket::Rate kRate{.burst = 100, .per_second = 30};
  const TimePoint now{};
  TokenBucket bucket;
  EXPECT_FALSE(bucket.Spend(kRate, now, 101));
  EXPECT_TRUE(bucket.Spend(kRate, now, 60));
  EXPECT_FALSE(bucket.Spend(kRate, now, 41));
  EXPECT_TRUE(bucket.Spend(kRate, now, 40));
  EXPECT_FALSE(bucket.Spend(kRate, now + 1s, 31));
  EXPECT_TRUE(bucket.Spend(kRate, now + 1s, 30));
}

}  // namespace
}  // namespace berth
