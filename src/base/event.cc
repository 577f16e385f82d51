#include "base/event.h"

namespace berth {

void Event::Set() {
  is_set_ = true;
  while (!waiters_.empty()) {
    Waiter& waiter = waiters_.front();
    if (wake_time_ == WakeTime::kTurnEnd) {
      executor_.ReadyAtTurnEnd(waiter);
    } else {
      executor_.Ready(waiter);
    }
  }
}

Task<Result<void>> UntilSet(Event& event) {
  co_await event.Wait();
  co_return Ok();
}

Task<void> Sleep(Executor& executor, Duration delay) {
  Event due(executor);
  Timer timer([&due] { due.Set(); });
  executor.ArmAfter(timer, delay);
  co_await due.Wait();
}

}  // namespace berth
