// The time of day, for what is stored or shown. Waiting uses the Executor's monotonic clock.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace berth {

/// Milliseconds since 1970 UTC.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

/// Tells the time. Tests put in their own.
using WallClock = std::function<WallTime()>;

/// The system's clock. Safe from any thread.
WallClock SystemWallClock();

/// "2025-02-03T04:05:06.789Z". Years before 0 and after 9999 are clamped to those.
std::string FormatIso8601(WallTime time);
/// The time that exactly this form spells; nothing for anything else.
std::optional<WallTime> ParseIso8601(std::string_view text);

/// For storage and back.
inline std::int64_t ToUnixMs(WallTime time) { return time.time_since_epoch().count(); }
inline WallTime FromUnixMs(std::int64_t ms) { return WallTime(std::chrono::milliseconds(ms)); }

}  // namespace berth
