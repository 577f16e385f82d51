#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>

namespace berth {
namespace {

std::atomic<LogLevel> lowest{LogLevel::kInfo};

spdlog::logger& Logger() {
  static const auto logger = [] {
    auto made = spdlog::stderr_color_mt("berth");
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
    made->set_level(spdlog::level::trace);
    return made;
  }();
  return *logger;
}

}  // namespace

void SetLogLevel(LogLevel level) { lowest = level; }
bool IsLogged(LogLevel level) { return level >= lowest.load(std::memory_order_relaxed); }

void LogLine(LogLevel level, std::string_view line) {
  if (!IsLogged(level)) return;
  switch (level) {
    case LogLevel::kDebug:
      Logger().debug(line);
      break;
    case LogLevel::kInfo:
      Logger().info(line);
      break;
    case LogLevel::kWarn:
      Logger().warn(line);
      break;
    case LogLevel::kError:
      Logger().error(line);
      break;
  }
}

std::string ForLog(std::string_view text, std::size_t limit) {
  std::string out;
  for (const char c : text.substr(0, limit)) {
    if (c >= 0x20 && c < 0x7f && c != '\\') {
      out.push_back(c);
    } else {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  if (text.size() > limit) out += "...";
  return out;
}

}  // namespace berth
