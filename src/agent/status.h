// The status of an instance, as the dashboard shows it: idle, active (a browser has a live
// connection), busy (it works for its user), and which sessions wait for their user.
//
// Active comes from the WebSockets and event streams that pass through the forwarder, the rest from
// asking the adapter: seldom while nothing happens, soon after bytes moved on a live connection,
// because that is when a run starts or ends. Lives on the loop.
#pragma once

#include <functional>
#include <vector>

#include "agent/adapter.h"
#include "base/event.h"
#include "control/message.h"

namespace berth::agent {

struct StatusReport {
  control::Status status = control::Status::kIdle;
  std::vector<control::SessionInfo> sessions;  ///< Those that run or wait.

  bool needs_you() const;
  bool operator==(const StatusReport&) const = default;
};

class StatusTracker {
 public:
  /// `on_change` is called on each change, never from inside a call into the tracker.
  StatusTracker(Executor& executor, std::function<void(const StatusReport&)> on_change)
      : executor_(executor), on_change_(std::move(on_change)), wake_(executor) {}
  StatusTracker(const StatusTracker&) = delete;
  StatusTracker& operator=(const StatusTracker&) = delete;

  const StatusReport& report() const { return report_; }

  /// Whom to ask; null: nobody. Must outlive Run or be replaced before it goes.
  void SetAdapter(Adapter* adapter);
  /// Whether anybody is told: a hub is connected. Without, the instance is left in peace.
  void SetWatched(bool is_watched);
  /// Look again soon.
  void Refresh() { wake_.Set(); }

  /// Counts one live connection as long as it exists. The tracker must outlive it.
  class Live {
   public:
    explicit Live(StatusTracker& tracker) : tracker_(tracker) { tracker_.AddLive(1); }
    ~Live() { tracker_.AddLive(-1); }
    Live(const Live&) = delete;
    Live& operator=(const Live&) = delete;

    /// Bytes moved.
    void NoteTraffic() { tracker_.NoteTraffic(); }

   private:
    StatusTracker& tracker_;
  };

  /// Polls for as long as the Task lives.
  Task<void> Run();

 private:
  void AddLive(int change);
  void NoteTraffic();
  Duration Interval() const;
  void Publish();

  Executor& executor_;
  std::function<void(const StatusReport&)> on_change_;
  Event wake_;
  Adapter* adapter_ = nullptr;
  bool is_watched_ = false;
  int live_ = 0;
  std::vector<control::SessionInfo> sessions_;
  StatusReport report_;
  TimePoint last_traffic_{};
  TimePoint last_poll_{};
};

}  // namespace berth::agent
