// LogThinning: which of the many times that something happens are worth a line of the log.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/executor.h"

namespace berth {

class LogThinning {
 public:
  /// What happens again and again is worth a line every `pause`.
  explicit LogThinning(Duration pause) : pause_(pause) {}

  /// Whether it is worth a line that `what` happened: the first time, when it is something else
  /// than at the last line, and when that line is `pause` old.
  bool IsWorthALine(std::string_view what, TimePoint now) {
    if (said_at_ && what == said_ && now - *said_at_ < pause_) return false;
    said_ = what;
    said_at_ = now;
    return true;
  }
  /// It is over: the next time is a first one.
  void Reset() { said_at_.reset(); }

 private:
  const Duration pause_;
  std::string said_;
  std::optional<TimePoint> said_at_;
};

}  // namespace berth
