#include "base/wall_clock.h"

#include <fmt/format.h>

#include <algorithm>

namespace berth {

WallClock SystemWallClock() {
  return [] {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  };
}

std::string FormatIso8601(WallTime time) {
  using std::chrono::sys_days;
  constexpr auto kFirst = WallTime(sys_days(std::chrono::year(0) / 1 / 1));
  constexpr auto kLast =
      WallTime(sys_days(std::chrono::year(10'000) / 1 / 1)) - std::chrono::milliseconds(1);
  time = std::clamp(time, kFirst, kLast);
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

}  // namespace berth
