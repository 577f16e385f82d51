#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <utility>

#include "base/trim.h"

namespace berth {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr Unit kDurationUnits[] = {{"", 1},       {"ms", 1},        {"s", 1'000},
                                   {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
constexpr Unit kSizeUnits[] = {{"", 1},
                               {"B", 1},
                               {"KiB", std::uint64_t{1} << 10},
                               {"MiB", std::uint64_t{1} << 20},
                               {"GiB", std::uint64_t{1} << 30}};
constexpr std::uint64_t kMaxDuration = std::uint64_t{3'650} * 86'400'000;
constexpr std::uint64_t kMaxSize = std::uint64_t{1} << 40;

/// Digits, then one of the units; nothing if it is anything else or more than `limit`.
std::optional<std::uint64_t> ParseQuantity(std::string_view text, std::span<const Unit> units,
                                           std::uint64_t limit) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
  const auto unit = std::ranges::find(units, rest, &Unit::name);
  if (unit == units.end() || number > limit / unit->factor) return std::nullopt;
  return number * unit->factor;
}

/// How many insertions, deletions, replacements and swaps of neighbours lead from `a` to `b`.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

Result<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  const auto ms = ParseQuantity(text, kDurationUnits, kMaxDuration);
  if (!ms) {
    return Invalid(
        fmt::format("\"{}\" is no duration; write 500ms, 10s, 5m, 12h or 7d", ForLog(text)));
  }
  return std::chrono::milliseconds(*ms);
}

Result<std::uint64_t> ParseSize(std::string_view text) {
  const auto size = ParseQuantity(text, kSizeUnits, kMaxSize);
  if (!size) {
    return Invalid(fmt::format("\"{}\" is no size; write 65536, 64KiB or 4MiB", ForLog(text)));
  }
  return *size;
}

Result<bool> ParseSwitch(std::string_view text) {
  if (text == "on" || text == "true" || text == "yes" || text == "1") return true;
  if (text == "off" || text == "false" || text == "no" || text == "0") return false;
  return Invalid(fmt::format("\"{}\" is neither on nor off", ForLog(text)));
}

Result<LogLevel> ParseLogLevel(std::string_view text) {
  if (text == "debug") return LogLevel::kDebug;
  if (text == "info") return LogLevel::kInfo;
  if (text == "warn") return LogLevel::kWarn;
  if (text == "error") return LogLevel::kError;
  return Invalid(fmt::format("\"{}\" is not one of debug, info, warn, error", ForLog(text)));
}

std::string ToLower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = ToLower(c);
  return lower;
}

bool IsHostLabel(std::string_view text) {
  if (text.empty() || text.size() > 63 || text.front() == '-' || text.back() == '-') return false;
  return std::ranges::all_of(
      text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

bool HasControl(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string_view CutUtf8(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return text.substr(0, size);
}

std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view part = Trim(text.substr(0, end), " \t");
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!part.empty()) parts.emplace_back(part);
  }
  return parts;
}

std::string ShellWord(std::string_view text) {
  const bool is_plain = std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_./:=+,@%[]").contains(c);
  });
  if (is_plain && !text.empty()) return std::string(text);
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'') {
      word += "'\\''";
    } else {
      word += c;
    }
  }
  return word + "'";
}

std::optional<std::string_view> NearestName(std::string_view name,
                                            std::span<const std::string_view> names) {
  if (name.size() > 100) return std::nullopt;
  std::optional<std::string_view> nearest;
  std::size_t best = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const std::string_view candidate : names) {
    const std::size_t distance = Distance(name, candidate);
    if (distance >= best || distance >= candidate.size()) continue;
    best = distance;
    nearest = candidate;
  }
  return nearest;
}

std::string DidYouMean(std::string_view name, std::span<const std::string_view> names) {
  const auto nearest = NearestName(name, names);
  return nearest ? fmt::format("; did you mean \"{}\"?", *nearest) : "";
}

}  // namespace berth
