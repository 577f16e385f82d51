#include "base/executor.h"

#include <utility>

namespace berth {

void Executor::Ready(Waiter& waiter) {
  waiter.unlink();
  const bool wake = !inside_ && !has_ready();
  ready_.push_back(waiter);
  if (wake) WakeForReady();
}

void Executor::ReadyAtTurnEnd(Waiter& waiter) {
  waiter.unlink();
  turn_end_.push_back(waiter);
  if (!turn_end_asked_) {
    turn_end_asked_ = true;
    WakeForTurnEnd();
  }
}

void Executor::Defer(std::move_only_function<void()> work) {
  const bool wake = !inside_ && !has_ready();
  deferred_.push_back(std::move(work));
  if (wake) WakeForReady();
}

void Executor::Arm(Timer& timer, TimePoint due) {
  timer.unlink();
  timer.due_ = due;
  const auto place = timers_.insert(timer);
  if (place == timers_.begin()) WakeAt(due);
}

void Executor::RunReady() {
  const bool was_inside = std::exchange(inside_, true);
  while (has_ready()) {
    while (!ready_.empty()) {
      Waiter& waiter = ready_.front();
      ready_.pop_front();
      waiter.handle.resume();
    }
    auto deferred = std::exchange(deferred_, {});
    for (auto& work : deferred) work();
  }
  inside_ = was_inside;
}

void Executor::RunTurnEnd() {
  turn_end_asked_ = false;
  ready_.splice(ready_.end(), turn_end_);
  RunReady();
}

std::optional<TimePoint> Executor::RunTimers() {
  const TimePoint present = now();
  while (!timers_.empty() && timers_.begin()->due_ <= present) {
    Timer& timer = *timers_.begin();
    timer.unlink();
    Enter([&] { timer.on_due_(); });
  }
  return next_due();
}

std::optional<TimePoint> Executor::next_due() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->due_;
}

}  // namespace berth
