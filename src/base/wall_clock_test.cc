// Times of day as text.
#include "base/wall_clock.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(WallClockTest, WritesIso8601WithMilliseconds) {
  EXPECT_EQ(FormatIso8601(FromUnixMs(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(FormatIso8601(FromUnixMs(1'738'555'506'789)), "2025-02-03T04:05:06.789Z");
  EXPECT_EQ(FormatIso8601(FromUnixMs(951'782'400'005)), "2000-02-29T00:00:00.005Z");
  EXPECT_EQ(FormatIso8601(FromUnixMs(-1)), "1969-12-31T23:59:59.999Z");
}

TEST(WallClockTest, ClampsImpossibleYears) {
  EXPECT_EQ(FormatIso8601(WallTime::max()), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(FormatIso8601(WallTime::min()), "0000-01-01T00:00:00.000Z");
}

TEST(WallClockTest, ReadsOnlyExactTimes) {
  EXPECT_EQ(ParseIso8601("2026-01-31T23:59:59.123Z"), FromUnixMs(1'769'903'999'123));
  for (std::string_view text :
       {"", "2026-01-31T23:59:59Z", "2026-02-30T00:00:00.000Z", "2026-01-31T24:00:00.000Z",
        "2026-01-31 23:59:59.123Z", "2026-01-31T23:59:5x.123Z", "2026-01-31T23:59:59.123+"}) {
    EXPECT_EQ(ParseIso8601(text), std::nullopt) << text;
  }
}

TEST(WallClockTest, RoundTripsStoredTimes) {
  const WallTime now = SystemWallClock()();
  EXPECT_EQ(FromUnixMs(ToUnixMs(now)), now);
}

}  // namespace
}  // namespace berth
