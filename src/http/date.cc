#include "http/date.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

namespace berth::http {
namespace {

constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// 0 for what is no number.
int NumberIn(std::string_view digits) {
  int number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

}  // namespace

std::string FormatHttpDate(std::chrono::sys_seconds time) {
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format(
      "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[std::chrono::weekday(day).c_encoding()],
      static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
      static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
      clock.seconds().count());
}

std::optional<std::chrono::sys_seconds> ParseHttpDate(std::string_view text) {
  constexpr std::size_t kSize = 29;
  if (text.size() != kSize) return std::nullopt;
  const auto month = std::ranges::find(kMonths, text.substr(8, 3)) - std::begin(kMonths) + 1;
  const std::chrono::year_month_day date{
      std::chrono::year(NumberIn(text.substr(12, 4))),
      std::chrono::month(static_cast<unsigned>(month)),
      std::chrono::day(static_cast<unsigned>(NumberIn(text.substr(5, 2))))};
  if (!date.ok()) return std::nullopt;
  const auto time = std::chrono::sys_days(date) + std::chrono::hours(NumberIn(text.substr(17, 2))) +
                    std::chrono::minutes(NumberIn(text.substr(20, 2))) +
                    std::chrono::seconds(NumberIn(text.substr(23, 2)));
  // What is out of place or out of range comes back as something else.
  if (FormatHttpDate(time) != text) return std::nullopt;
  return time;
}

std::string_view HttpDateNow() {
  struct Cache {
    std::chrono::sys_seconds time{};
    std::string text;
  };
  thread_local Cache cache;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  if (now != cache.time || cache.text.empty()) cache = {now, FormatHttpDate(now)};
  return cache.text;
}

}  // namespace berth::http
