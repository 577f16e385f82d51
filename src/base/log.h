// Logging: one line per event on standard error, through spdlog.
//
// Never pass a secret. Text from outside goes through ForLog(), which bounds it and removes control
// bytes, so that a peer can neither flood the log nor forge a line in it.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace berth {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

/// Sets the lowest level that is written. Default: kInfo. Safe from any thread.
void SetLogLevel(LogLevel level);
bool IsLogged(LogLevel level);
/// Writes one line. Safe from any thread.
void LogLine(LogLevel level, std::string_view line);

/// `text` cut to `limit` bytes, with everything outside printable ASCII as \xNN.
std::string ForLog(std::string_view text, std::size_t limit = 200);

template <class... Args>
void LogDebug(fmt::format_string<Args...> format, Args&&... args) {
  if (IsLogged(LogLevel::kDebug)) {
    LogLine(LogLevel::kDebug, fmt::format(format, std::forward<Args>(args)...));
  }
}
template <class... Args>
void LogInfo(fmt::format_string<Args...> format, Args&&... args) {
  if (IsLogged(LogLevel::kInfo)) {
    LogLine(LogLevel::kInfo, fmt::format(format, std::forward<Args>(args)...));
  }
}
template <class... Args>
void LogWarn(fmt::format_string<Args...> format, Args&&... args) {
  LogLine(LogLevel::kWarn, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void LogError(fmt::format_string<Args...> format, Args&&... args) {
  LogLine(LogLevel::kError, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace berth
