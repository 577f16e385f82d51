// Reading what people write in flags, environment and configuration files: durations, sizes,
// switches, and the name that somebody who mistyped another may have meant; and what a text holds,
// where it can be cut, and what it is in lower case.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"

namespace berth {

/// "500ms", "10s", "5m", "12h", "7d"; a number alone is milliseconds. At most ten years. All of
/// these functions answer kInvalid with a message that quotes the text and says what is expected.
Result<std::chrono::milliseconds> ParseDuration(std::string_view text);

/// "65536", "64KiB", "4MiB", "1GiB". At most 2^40.
Result<std::uint64_t> ParseSize(std::string_view text);

/// "on" or "off"; "true", "false", "yes", "no", "1" and "0" are taken as well.
Result<bool> ParseSwitch(std::string_view text);

/// "debug", "info", "warn" or "error".
Result<LogLevel> ParseLogLevel(std::string_view text);

/// ASCII lower case; other bytes stay as they are.
constexpr char ToLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
std::string ToLower(std::string_view text);

/// Whether `text` can be a part of a host name, and so an instance's id: 1 to 63 of a-z, 0-9 and
/// '-', which is neither first nor last.
bool IsHostLabel(std::string_view text);

/// Whether a control byte is in it: below 0x20, tabs and line ends too, or DEL.
bool HasControl(std::string_view text);

/// The longest beginning of `text` that has at most `size` bytes and does not end within a
/// character of UTF-8.
std::string_view CutUtf8(std::string_view text, std::size_t size);

/// The parts of a comma-separated list, without spaces around them; empty ones are dropped.
std::vector<std::string> SplitList(std::string_view text);

/// `text` as one word of a shell's command line, quoted if it has to be.
std::string ShellWord(std::string_view text);

/// The one of `names` that a person who wrote `name` is likely to have meant, if any is close.
std::optional<std::string_view> NearestName(std::string_view name,
                                            std::span<const std::string_view> names);

/// "; did you mean \"listen\"?", or nothing.
std::string DidYouMean(std::string_view name, std::span<const std::string_view> names);

}  // namespace berth
