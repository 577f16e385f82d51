#include "agent/status.h"

#include <algorithm>

#include "agent/instance.h"

namespace berth::agent {
namespace {

using std::chrono::milliseconds;

constexpr Duration kMinGap = milliseconds(100);        // Between two questions, whatever happens.
constexpr Duration kTrafficGap = milliseconds(300);    // The same, if only bytes have moved.
constexpr Duration kPublishEvery = milliseconds(100);  // Reports, at most.

control::State StateOf(const std::vector<control::SessionInfo>& sessions, int live) {
  using control::SessionState;
  const auto has = [&sessions](SessionState state) {
    return std::ranges::count(sessions, state, &control::SessionInfo::state) > 0;
  };
  if (has(SessionState::kNeedsYou)) return control::State::kNeedsYou;
  if (has(SessionState::kBusy)) return control::State::kBusy;
  if (has(SessionState::kError)) return control::State::kError;
  return live > 0 ? control::State::kActive : control::State::kIdle;
}

/// The same in the words of version 1.
control::Status StatusOf(const std::vector<control::SessionInfo>& sessions, int live) {
  if (std::ranges::any_of(sessions, &control::SessionInfo::is_busy)) return control::Status::kBusy;
  return live > 0 ? control::Status::kActive : control::Status::kIdle;
}

}  // namespace

bool StatusReport::needs_you() const {
  return std::ranges::any_of(sessions, &control::SessionInfo::needs_you);
}

void StatusTracker::SetAdapter(Adapter* adapter) {
  if (adapter_ && adapter_ != adapter) {
    adapter_->SetWatched(false);
    adapter_->SetOnChange(nullptr);
    adapter_->SetOnNews(nullptr);
  }
  // The same once more is no news of the instance: the next answer is.
  if (adapter != adapter_) is_away_ = false;
  is_lost_ = is_late_ = false;
  adapter_ = adapter;
  if (adapter_) {
    adapter_->SetOnChange([this] { PublishSoon(); });
    adapter_->SetOnNews([this] { wake_.Set(); });
    adapter_->SetWatched(IsCurious());
  }
  PublishSoon();
  wake_.Set();
}

void StatusTracker::SetWatched(bool is_watched) {
  is_watched_ = is_watched;
  if (adapter_) adapter_->SetWatched(IsCurious());
  wake_.Set();
}

void StatusTracker::NoteLost() {
  is_lost_ = true;
  PublishSoon();
}

bool StatusTracker::IsCurious() const {
  if (!adapter_ || is_watched_) return is_watched_;
  return std::ranges::any_of(adapter_->Sessions(), &control::SessionInfo::is_busy);
}

void StatusTracker::AddLive(int change) {
  live_ += change;
  PublishSoon();
  wake_.Set();
}

void StatusTracker::NoteTraffic() {
  last_traffic_ = executor_.now();
  if (last_traffic_ - last_refresh_ >= kTrafficGap) wake_.Set();
}

void StatusTracker::PublishSoon() {
  if (publish_timer_.is_armed()) return;
  const TimePoint now = executor_.now();
  executor_.Arm(publish_timer_, published_ ? std::max(now, *published_ + kPublishEvery) : now);
}

void StatusTracker::Publish() {
  StatusReport now;
  if (adapter_) now.sessions = adapter_->Sessions();
  now.status = StatusOf(now.sessions, live_);
  now.state = StateOf(now.sessions, live_);
  now.no_answer = is_lost_ || is_late_;
  if (now == report_) return;
  report_ = std::move(now);
  published_ = executor_.now();
  on_change_(report_);
}

Task<void> StatusTracker::Run() {
  for (;;) {
    wake_.Reset();
    const bool is_curious = IsCurious();
    if (adapter_) adapter_->SetWatched(is_curious);
    if (!is_curious || !adapter_ || adapter_->refresh_every() == Duration::zero()) {
      co_await wake_.Wait();
      continue;
    }
    Adapter* const asked = adapter_;
    auto refreshed = co_await asked->Refresh();
    last_refresh_ = executor_.now();
    if (asked == adapter_) {
      const bool is_away = !refreshed && IsAway(refreshed.error());
      const bool was_away = std::exchange(is_away_, is_away);
      // One that is away may be back in a moment: NoteLost tells if it is not.
      if (!is_away) is_late_ = !refreshed && refreshed.error().kind == ErrorKind::kTimeout;
      PublishSoon();
      if (is_away && !was_away && on_away_) on_away_();
    }
    co_await Sleep(executor_, kMinGap);
    auto waited = co_await WithDeadline(executor_, asked->refresh_every() - kMinGap,
                                        "wait for news", UntilSet(wake_));
    (void)waited;  // Woken or not: look again.
  }
}

}  // namespace berth::agent
