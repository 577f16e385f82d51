// The status of an instance, as the dashboard shows it: idle, active (a browser has a live
// connection), busy (it works for its user), whether a session waits for its user or has failed,
// and whether it answers at all.
//
// Active comes from the WebSockets and event streams that pass through the forwarder, the rest from
// the adapter, which is asked again and again while a hub is connected or a session runs (its end
// is news when the hub is back), and tells by itself what it learns in between. Reports are at most
// ten a second; the last one is never left out. Lives on the loop.
#pragma once

#include <functional>
#include <vector>

#include "agent/adapter.h"
#include "base/event.h"
#include "control/message.h"

namespace berth::agent {

struct StatusReport {
  control::Status status = control::Status::kIdle;
  control::State state = control::State::kIdle;
  std::vector<control::SessionInfo> sessions;  ///< Those that run, wait or have failed.
  bool no_answer = false;  ///< The instance was asked, or looked for, and gives no answer.

  bool needs_you() const;
  bool operator==(const StatusReport&) const = default;
};

class StatusTracker {
 public:
  /// `on_change` is called on each change, never from inside a call into the tracker.
  StatusTracker(Executor& executor, std::function<void(const StatusReport&)> on_change)
      : executor_(executor),
        on_change_(std::move(on_change)),
        wake_(executor),
        publish_timer_([this] { Publish(); }) {}
  StatusTracker(const StatusTracker&) = delete;
  StatusTracker& operator=(const StatusTracker&) = delete;

  const StatusReport& report() const { return report_; }

  /// The instance was found: whom to ask. Null: nobody. Must outlive Run or be replaced before it
  /// goes.
  void SetAdapter(Adapter* adapter);
  /// Whether anybody is told: a hub is connected. Without, the instance is left in peace once
  /// nothing runs there.
  void SetWatched(bool is_watched);
  /// The instance was looked for and not found: it counts as not answering until SetAdapter.
  void NoteLost();
  /// Called when the instance turns out to be away, once until it is there again.
  void SetOnAway(std::function<void()> on_away) { on_away_ = std::move(on_away); }
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
  bool IsCurious() const;
  void AddLive(int change);
  void NoteTraffic();
  void PublishSoon();
  void Publish();

  Executor& executor_;
  std::function<void(const StatusReport&)> on_change_;
  std::function<void()> on_away_;
  Event wake_;
  Timer publish_timer_;
  Adapter* adapter_ = nullptr;
  bool is_watched_ = false;
  bool is_away_ = false;  // The instance, perhaps for a moment.
  bool is_lost_ = false;  // It was looked for since.
  bool is_late_ = false;  // Its last answer did not come in time.
  int live_ = 0;
  StatusReport report_;
  TimePoint last_traffic_{};
  TimePoint last_refresh_{};
  std::optional<TimePoint> published_;
};

}  // namespace berth::agent
