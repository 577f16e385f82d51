// Ways to wait on an Executor: Event (manual reset), Sleep, and Race, which bounds a Task by a
// deadline or by an event.
#pragma once

#include <fmt/format.h>

#include <string_view>

#include "base/executor.h"
#include "base/result.h"
#include "base/task.h"

namespace berth {

/// When the coroutines that wait for an event run again.
enum class WakeTime {
  kSoon,     ///< After the current callback.
  kTurnEnd,  ///< After everything else that is ready: for writers, so that output is batched.
};

/// A flag that coroutines wait for. Any number may wait; Set() wakes them all. Whoever still waits
/// when the event is destroyed is never woken: destroy the waiting Tasks first.
class Event {
 public:
  explicit Event(Executor& executor, WakeTime wake_time = WakeTime::kSoon)
      : executor_(executor), wake_time_(wake_time) {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void Set();
  void Reset() { is_set_ = false; }
  bool is_set() const { return is_set_; }

  /// `co_await event.Wait();` returns at once if the event is set. The event must outlive the wait.
  auto Wait() {
    struct Awaiter : Waiter {
      Event& event;
      explicit Awaiter(Event& e) : event(e) {}
      bool await_ready() const { return event.is_set_; }
      void await_suspend(std::coroutine_handle<> caller) {
        handle = caller;
        event.waiters_.push_back(*this);
      }
      void await_resume() const {}
    };
    return Awaiter(*this);
  }

  Executor& executor() const { return executor_; }

 private:
  Executor& executor_;
  WakeTime wake_time_;
  bool is_set_ = false;
  WaitList waiters_;
};

/// Returns after `delay`.
Task<void> Sleep(Executor& executor, Duration delay);

/// Lets other ready work run first.
Task<void> Yield(Executor& executor);

namespace race_internal {

/// Sets the event when the scope ends, however it ends.
struct SetOnExit {
  Event& done;
  ~SetOnExit() { done.Set(); }
};

template <class T>
Task<T> Run(Task<T>& task, Event& done) {
  SetOnExit guard{done};
  co_return co_await task;
}

Task<void> SetOn(Event& event, Event& done);

}  // namespace race_internal

/// The task's result, or kTimeout if `limit` passes first; the task is then cancelled. A task that
/// finishes without suspending costs no timer. `what` names the wait in the error.
template <class T>
Task<Result<T>> WithDeadline(Executor& executor, Duration limit, std::string_view what,
                             Task<Result<T>> task) {
  task.Start();
  if (task.is_done()) co_return task.Take();
  Event done(executor);
  Timer timer([&done] { done.Set(); });
  executor.ArmAfter(timer, limit);
  auto runner = race_internal::Run(task, done);
  runner.Start();
  co_await done.Wait();
  if (runner.is_done()) co_return runner.Take();
  runner.Reset();
  task.Reset();  // Parameters live as long as the caller's frame: cancel now.
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(limit).count();
  co_return Timeout(fmt::format("{}: nothing within {} ms", what, ms));
}

/// The task's result, or kCancelled once `cancel` is set; the task is then cancelled.
/// `cancel` must outlive the call.
template <class T>
Task<Result<T>> WithCancel(Event& cancel, Task<Result<T>> task) {
  if (cancel.is_set()) co_return Cancelled("cancelled before it began");
  task.Start();
  if (task.is_done()) co_return task.Take();
  Event done(cancel.executor());
  auto runner = race_internal::Run(task, done);
  auto watcher = race_internal::SetOn(cancel, done);
  runner.Start();
  watcher.Start();
  co_await done.Wait();
  if (runner.is_done()) co_return runner.Take();
  runner.Reset();
  task.Reset();
  co_return Cancelled("cancelled");
}

}  // namespace berth
