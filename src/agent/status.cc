#include "agent/status.h"

#include <algorithm>

namespace berth::agent {
namespace {

using std::chrono::milliseconds;

constexpr Duration kQuietPoll = milliseconds(5000);  // Nothing moves: a scheduled run may start.
constexpr Duration kLivePoll = milliseconds(2000);   // A browser is connected.
constexpr Duration kBusyPoll = milliseconds(700);    // Busy, or bytes moved of late.
constexpr Duration kMinGap = milliseconds(250);      // Between two polls, whatever happens.
constexpr Duration kTrafficMatters = milliseconds(3000);

Task<Result<int>> AwaitEvent(Event& event) {
  co_await event.Wait();
  co_return 0;
}

bool IsBusy(const std::vector<control::SessionInfo>& sessions) {
  return std::ranges::any_of(sessions, &control::SessionInfo::is_busy);
}

}  // namespace

bool StatusReport::needs_you() const {
  return std::ranges::any_of(sessions, &control::SessionInfo::needs_you);
}

void StatusTracker::SetAdapter(Adapter* adapter) {
  if (adapter_) adapter_->SetOnChange(nullptr);
  adapter_ = adapter;
  if (adapter_) adapter_->SetOnChange([this] { wake_.Set(); });
  sessions_.clear();
  wake_.Set();
}

void StatusTracker::SetWatched(bool is_watched) {
  is_watched_ = is_watched;
  wake_.Set();
}

void StatusTracker::AddLive(int change) {
  live_ += change;
  wake_.Set();
}

void StatusTracker::NoteTraffic() {
  last_traffic_ = executor_.now();
  if (last_traffic_ - last_poll_ >= kBusyPoll) wake_.Set();
}

Duration StatusTracker::Interval() const {
  if (IsBusy(sessions_) || executor_.now() - last_traffic_ < kTrafficMatters) return kBusyPoll;
  return live_ > 0 ? kLivePoll : kQuietPoll;
}

void StatusTracker::Publish() {
  StatusReport now;
  now.status = IsBusy(sessions_) ? control::Status::kBusy
               : live_ > 0       ? control::Status::kActive
                                 : control::Status::kIdle;
  now.sessions = sessions_;
  if (now == report_) return;
  report_ = std::move(now);
  on_change_(report_);
}

Task<void> StatusTracker::Run() {
  for (;;) {
    wake_.Reset();
    Publish();
    if (!is_watched_ || !adapter_) {
      co_await wake_.Wait();
      continue;
    }
    Adapter* const asked = adapter_;
    auto sessions = co_await asked->ReadSessions();
    last_poll_ = executor_.now();
    // An instance that is away is not busy: whatever it ran has ended with it.
    if (asked == adapter_) {
      sessions_ = sessions ? std::move(*sessions) : std::vector<control::SessionInfo>();
    }
    Publish();
    co_await Sleep(executor_, kMinGap);
    auto waited = co_await WithDeadline(executor_, Interval() - kMinGap, "wait for traffic",
                                        AwaitEvent(wake_));
    (void)waited;  // Woken or not: look again.
  }
}

}  // namespace berth::agent
