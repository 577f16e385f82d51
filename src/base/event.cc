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

Task<void> Sleep(Executor& executor, Duration delay) {
  Event due(executor);
  Timer timer([&due] { due.Set(); });
  executor.ArmAfter(timer, delay);
  co_await due.Wait();
}

Task<void> Yield(Executor& executor) {
  struct Awaiter : Waiter {
    Executor& executor;
    explicit Awaiter(Executor& e) : executor(e) {}
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> caller) {
      handle = caller;
      executor.Ready(*this);
    }
    void await_resume() const {}
  };
  co_await Awaiter(executor);
}

Task<void> race_internal::SetOn(Event& event, Event& done) {
  co_await event.Wait();
  done.Set();
}

}  // namespace berth
