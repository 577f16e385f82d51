// ReportLog: the errors that one agent reports, in the hub's log. It may report as many as it
// likes, so they get a line every ten seconds, which says how many were left out before.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "base/log_thinning.h"

namespace berth::hub {

class ReportLog {
 public:
  /// The agent of this instance reported `message` now.
  void Note(std::string_view instance_id, std::string_view message, TimePoint now) {
    if (!thinning_.IsWorthALine("report", now)) {
      ++left_out_;
      return;
    }
    const std::size_t left_out = std::exchange(left_out_, 0);
    LogWarn("instance {}: its agent reports: {}{}", ForLog(instance_id), ForLog(message),
            left_out == 0 ? "" : fmt::format(" ({} reports before were left out)", left_out));
  }

 private:
  LogThinning thinning_{std::chrono::seconds(10)};
  std::size_t left_out_ = 0;
};

}  // namespace berth::hub
