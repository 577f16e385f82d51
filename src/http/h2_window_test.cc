#include "http/h2_window.h"

#include <gtest/gtest.h>

namespace berth::http {
namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t kInitial = 256 * 1024;

/// A stream whose reader takes 16 KiB at a time.
struct Reading {
  explicit Reading(const Limits& its_limits) : limits(its_limits) {}

  /// Uses one whole window in `elapsed`: the new one, if it grew.
  std::optional<std::uint32_t> UseWindow(Duration elapsed, std::optional<Duration> round_trip) {
    std::optional<std::uint32_t> grown;
    for (std::uint32_t used = 0; used < size; used += 16 * 1024) {
      if (used + 16 * 1024 >= size) now += elapsed;
      grown = window.Use(16 * 1024, now, round_trip, limits);
    }
    if (grown) size = *grown;
    return grown;
  }

  const Limits& limits;
  H2Window window{kInitial};
  std::uint32_t size = kInitial;
  TimePoint now{};
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
    for (std::uint32_t wanted = 2 * kInitial; wanted <= H2Window::kFastWindow; wanted *= 2) {
      EXPECT_EQ(reading.UseWindow(milliseconds(4), round_trip), wanted);
    }
    EXPECT_EQ(reading.UseWindow(milliseconds(1), round_trip), std::nullopt);
  }
}

TEST(H2WindowTest, AFastReaderGetsNoMoreThanTheLimit) {
  Limits limits;
  limits.tunnel_window = kInitial + 1;
  Reading reading(limits);
  EXPECT_EQ(reading.UseWindow(milliseconds(1), std::nullopt), kInitial + 1);
  EXPECT_EQ(reading.window.Use(2 * kInitial, reading.now, std::nullopt, limits), std::nullopt);
}

TEST(H2WindowTest, StaysForASlowReaderOfANearPeerToo) {
  const Limits limits;
  Reading reading(limits);
  EXPECT_EQ(reading.UseWindow(milliseconds(161), milliseconds(40)), std::nullopt);
  EXPECT_EQ(reading.UseWindow(milliseconds(5), milliseconds(3)), std::nullopt);
  EXPECT_EQ(reading.UseWindow(milliseconds(5), std::nullopt), std::nullopt);
  // It was held back by nothing of that.
  EXPECT_EQ(reading.UseWindow(milliseconds(160), milliseconds(40)), 2 * kInitial);
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
