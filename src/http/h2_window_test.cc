#include "http/h2_window.h"

#include <gtest/gtest.h>

namespace berth::http {
namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t kInitial = 256 * 1024;

/// A stream whose reader takes 16 KiB at a time.
struct Reading {
  explicit Reading(const Limits& its_limits) : limits(its_limits) {}

  /// Uses one whole window in `elapsed`: the new one, if it changes.
  std::optional<std::uint32_t> UseWindow(Duration elapsed, std::optional<Duration> round_trip) {
    H2Window::Step step;
    for (std::uint32_t used = 0; used < size; used += 16 * 1024) {
      if (used + 16 * 1024 >= size) now += elapsed;
      step = window.Use(16 * 1024, now, round_trip, limits);
      credited += step.credit;
      consumed += 16 * 1024;
    }
    moved = step.window && *step.window < size ? 0 : moved + size;
    if (step.window) size = *step.window;
    return step.window;
  }

  /// Shows, by whole windows, that it is fast: the next one in no time makes the window grow.
  void Prove() {
    while (moved + size < H2Window::kFastAfter) {
      ASSERT_EQ(UseWindow(milliseconds(1), std::nullopt), std::nullopt);
    }
  }

  const Limits& limits;
  H2Window window{kInitial};
  std::uint32_t size = kInitial;
  TimePoint now{};
  std::uint64_t moved = 0;
  std::size_t consumed = 0;
  std::size_t credited = 0;
};

TEST(H2WindowTest, DoublesUpToItsLimitWhileItIsWhatTheSenderWaitsFor) {
  const Limits limits;
  Reading reading(limits);
  for (std::uint64_t wanted = 2 * kInitial; wanted <= limits.tunnel_window; wanted *= 2) {
    EXPECT_EQ(reading.UseWindow(milliseconds(80), milliseconds(40)), wanted);
  }
  EXPECT_EQ(reading.UseWindow(milliseconds(80), milliseconds(40)), std::nullopt);
}

TEST(H2WindowTest, GrowsLessForAFastReaderOfANearPeer) {
  const Limits limits;
  for (const std::optional<Duration> round_trip : {std::optional<Duration>(milliseconds(3)), {}}) {
    Reading reading(limits);
    reading.Prove();
    for (std::uint32_t wanted = 2 * kInitial; wanted <= H2Window::kFastWindow; wanted *= 2) {
      EXPECT_EQ(reading.UseWindow(milliseconds(8), round_trip), wanted);
    }
    EXPECT_EQ(reading.UseWindow(milliseconds(1), round_trip), std::nullopt);
  }
}

TEST(H2WindowTest, AFastReaderGetsNoMoreThanTheLimit) {
  Limits limits;
  limits.tunnel_window = kInitial + 1;
  Reading reading(limits);
  reading.Prove();
  EXPECT_EQ(reading.UseWindow(milliseconds(1), std::nullopt), kInitial + 1);
  EXPECT_EQ(reading.window.Use(2 * kInitial, reading.now, std::nullopt, limits).window,
            std::nullopt);
}

TEST(H2WindowTest, StaysForASlowReaderOfANearPeerToo) {
  const Limits limits;
  Reading reading(limits);
  EXPECT_EQ(reading.UseWindow(milliseconds(161), milliseconds(40)), std::nullopt);
  EXPECT_EQ(reading.UseWindow(milliseconds(9), milliseconds(3)), std::nullopt);
  EXPECT_EQ(reading.UseWindow(milliseconds(9), std::nullopt), std::nullopt);
  // It was held back by nothing of that.
  EXPECT_EQ(reading.UseWindow(milliseconds(160), milliseconds(40)), 2 * kInitial);
}

TEST(H2WindowTest, ShrinksForAReaderThatHasBecomeSlow) {
  const Limits limits;
  Reading far(limits);
  while (far.UseWindow(milliseconds(80), milliseconds(40))) {
  }
  EXPECT_EQ(far.UseWindow(milliseconds(640), milliseconds(40)), std::nullopt);
  EXPECT_EQ(far.UseWindow(milliseconds(641), milliseconds(40)), limits.tunnel_window / 2);
  Reading near(limits);
  near.Prove();
  while (near.UseWindow(milliseconds(1), std::nullopt)) {
  }
  EXPECT_EQ(near.UseWindow(milliseconds(32), std::nullopt), std::nullopt);
  for (std::uint32_t wanted = H2Window::kFastWindow / 2; wanted >= kInitial; wanted /= 2) {
    EXPECT_EQ(near.UseWindow(milliseconds(33), std::nullopt), wanted);
  }
  EXPECT_EQ(near.UseWindow(std::chrono::hours(1), std::nullopt), std::nullopt);
  // What it has come to is found at once.
  near.Prove();
  while (near.UseWindow(milliseconds(1), std::nullopt)) {
  }
  EXPECT_EQ(near.UseWindow(milliseconds(256), std::nullopt), H2Window::kFastWindow / 8);
}

TEST(H2WindowTest, ASmallerWindowHoldsCreditBackAndALargerOneGivesIt) {
  const Limits limits;
  Reading reading(limits);
  EXPECT_EQ(reading.UseWindow(milliseconds(80), milliseconds(40)), 2 * kInitial);
  EXPECT_EQ(reading.UseWindow(milliseconds(80), milliseconds(40)), 4 * kInitial);
  EXPECT_EQ(reading.credited, reading.consumed);
  EXPECT_EQ(reading.UseWindow(milliseconds(641), milliseconds(40)), 2 * kInitial);
  EXPECT_EQ(reading.credited, reading.consumed);
  EXPECT_EQ(reading.UseWindow(milliseconds(641), milliseconds(40)), kInitial);
  EXPECT_EQ(reading.credited, reading.consumed - 2 * kInitial);
  EXPECT_EQ(reading.UseWindow(milliseconds(641), milliseconds(40)), std::nullopt);
  EXPECT_EQ(reading.credited, reading.consumed - 3 * kInitial);  // That is all.
  EXPECT_EQ(reading.UseWindow(milliseconds(641), milliseconds(40)), std::nullopt);
  EXPECT_EQ(reading.credited, reading.consumed - 3 * kInitial);
  EXPECT_EQ(reading.UseWindow(milliseconds(80), milliseconds(40)), 2 * kInitial);
  EXPECT_EQ(reading.credited, reading.consumed - 2 * kInitial);
  EXPECT_EQ(reading.UseWindow(milliseconds(80), milliseconds(40)), 4 * kInitial);
  EXPECT_EQ(reading.UseWindow(milliseconds(80), milliseconds(40)), 8 * kInitial);
  EXPECT_EQ(reading.credited, reading.consumed);
}

TEST(H2WindowTest, WhatAReaderNoLongerNeedsOthersMayHave) {
  Limits limits;
  limits.tunnel_windows = kInitial;
  Reading first(limits);
  Reading second(limits);
  EXPECT_EQ(first.UseWindow(milliseconds(80), milliseconds(40)), 2 * kInitial);
  EXPECT_EQ(second.UseWindow(milliseconds(80), milliseconds(40)), std::nullopt);
  EXPECT_EQ(first.UseWindow(milliseconds(641), milliseconds(40)), kInitial);
  // Not before the peer of the first may send less.
  EXPECT_EQ(second.UseWindow(milliseconds(80), milliseconds(40)), std::nullopt);
  (void)first.UseWindow(milliseconds(641), milliseconds(40));
  EXPECT_EQ(second.UseWindow(milliseconds(80), milliseconds(40)), 2 * kInitial);
}

TEST(H2WindowTest, AReaderThatTricklesLosesItsWindowBeforeItHasUsedIt) {
  const Limits limits;
  Reading reading(limits);
  reading.Prove();
  while (reading.UseWindow(milliseconds(1), std::nullopt)) {
  }
  auto step = reading.window.Use(1, reading.now, std::nullopt, limits);
  EXPECT_EQ(step.window, std::nullopt);
  step = reading.window.Use(1, reading.now + milliseconds(32), std::nullopt, limits);
  EXPECT_EQ(step.window, std::nullopt);
  step = reading.window.Use(1, reading.now + milliseconds(33), std::nullopt, limits);
  EXPECT_EQ(step.window, H2Window::kFastWindow / 2);
  (void)reading.window.Use(1, reading.now + milliseconds(33), std::nullopt, limits);
  step = reading.window.Use(1, reading.now + std::chrono::seconds(9), std::nullopt, limits);
  EXPECT_EQ(step.window, kInitial);
}

TEST(H2WindowTest, IsNeverLargerThanHttp2Allows) {
  Limits limits;
  limits.tunnel_window = std::uint64_t{1} << 40;
  limits.tunnel_windows = limits.tunnel_window;
  Reading reading(limits);
  while (reading.UseWindow(milliseconds(80), milliseconds(40))) {
  }
  EXPECT_EQ(reading.size, 0x7fff'ffffu);
}

TEST(H2WindowTest, APeerThatAnswersLateGetsNoLargerWindowsForSlowReaders) {
  const Limits limits;
  Reading reading(limits);
  EXPECT_EQ(reading.UseWindow(milliseconds(4'001), milliseconds(60'000)), std::nullopt);
  EXPECT_EQ(reading.UseWindow(milliseconds(4'000), milliseconds(60'000)), 2 * kInitial);
}

TEST(H2WindowTest, AllGrowthComesFromOneBudgetAndGoesBackToIt) {
  Limits limits;
  limits.tunnel_windows = kInitial + kInitial / 2;
  Reading second(limits);
  {
    Reading first(limits);
    EXPECT_EQ(first.UseWindow(milliseconds(80), milliseconds(40)), 2 * kInitial);
    EXPECT_EQ(second.UseWindow(milliseconds(80), milliseconds(40)), kInitial + kInitial / 2);
    EXPECT_EQ(first.UseWindow(milliseconds(80), milliseconds(40)), std::nullopt);
  }
  EXPECT_EQ(second.UseWindow(milliseconds(80), milliseconds(40)), 2 * kInitial + kInitial / 2);
}

TEST(H2WindowTest, MuchUseIsWorthAMeasurement) {
  const Limits limits;
  H2Window window(kInitial);
  EXPECT_FALSE(window.is_busy());
  (void)window.Use(kInitial / 2, TimePoint{}, std::nullopt, limits);
  EXPECT_TRUE(window.is_busy());
}

}  // namespace
}  // namespace berth::http
