// Ways to wait on an Executor: Event (manual reset), Sleep, Yield and TurnEnd, and Race, which
// bounds a Task by a deadline or by an event.
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
  class Awaiter;

  explicit Event(Executor& executor, WakeTime wake_time = WakeTime::kSoon)
      : executor_(executor), wake_time_(wake_time) {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void Set();
  void Reset() { is_set_ = false; }
  bool is_set() const { return is_set_; }

  /// `co_await event.Wait();` returns at once if the event is set. The event must outlive the wait.
  Awaiter Wait();

  Executor& executor() const { return executor_; }

 private:
  Executor& executor_;
  WakeTime wake_time_;
  bool is_set_ = false;
  WaitList waiters_;
};

class Event::Awaiter : public Waiter {
 public:
  explicit Awaiter(Event& event) : event_(event) {}
  bool await_ready() const { return event_.is_set_; }
  void await_suspend(std::coroutine_handle<> caller) {
    handle = caller;
    event_.waiters_.push_back(*this);
  }
  void await_resume() const {}

 private:
  Event& event_;
};

inline Event::Awaiter Event::Wait() { return Awaiter(*this); }

/// Returns once the event is set, never with an error: a Task for WithDeadline and WithCancel. The
/// event must outlive it.
Task<Result<void>> UntilSet(Event& event);

/// Returns after `delay`.
Task<void> Sleep(Executor& executor, Duration delay);

/// `co_await Yield(executor);` lets other ready work run first.
class Yield : public Waiter {
 public:
  explicit Yield(Executor& executor) : executor_(executor) {}
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> caller) {
    handle = caller;
    executor_.Ready(*this);
  }
  void await_resume() const {}

 private:
  Executor& executor_;
};

/// `co_await TurnEnd(executor);` lets all other ready work run first and, from the second time on,
/// the loop look for new events: for whoever has much to do, between two parts of it.
class TurnEnd : public Waiter {
 public:
  explicit TurnEnd(Executor& executor) : executor_(executor) {}
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> caller) {
    handle = caller;
    executor_.ReadyAtTurnEnd(*this);
  }
  void await_resume() const {}

 private:
  Executor& executor_;
};

/// `co_await DoneOr(task, event);` returns once `task`, which was started, has finished or `event`
/// is set, whichever is first; then ask task.is_done(). Costs no frame. Both must outlive the wait.
/// The task goes on whatever ends the wait, and may be awaited again, by one at a time.
template <class T>
class [[nodiscard]] DoneOr : Event::Awaiter {
 public:
  DoneOr(Task<T>& task, Event& event) : Awaiter(event), task_(task) {}
  ~DoneOr() { StopWaiting(); }

  bool await_ready() const { return task_.is_done() || Awaiter::await_ready(); }
  void await_suspend(std::coroutine_handle<> caller) {
    is_waiting_ = true;
    Awaiter::await_suspend(caller);
    task_.ContinueWith(caller);
  }
  void await_resume() { StopWaiting(); }

 private:
  /// The one that comes second, or after the waiting coroutine is gone, must not resume it. A
  /// wake-up by the event may be in the ready queue when the task finishes: unlinking takes it out.
  void StopWaiting() {
    if (!std::exchange(is_waiting_, false)) return;
    unlink();
    if (!task_.is_done()) task_.ContinueWith(std::noop_coroutine());
  }

  Task<T>& task_;
  bool is_waiting_ = false;
};

namespace race_internal {

template <class T>
Task<Result<T>> AwaitUntil(Executor& executor, Duration limit, std::string_view what,
                           Task<Result<T>> task) {
  Event due(executor);
  Timer timer([&due] { due.Set(); });
  executor.ArmAfter(timer, limit);
  co_await DoneOr(task, due);
  if (task.is_done()) co_return task.Take();
  task.Reset();  // Parameters live as long as the caller's frame: cancel now.
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(limit).count();
  co_return Timeout(fmt::format("{}: nothing within {} ms", what, ms));
}

template <class T>
Task<Result<T>> AwaitUnless(Event& cancel, Task<Result<T>> task) {
  if (cancel.is_set()) co_return Cancelled("cancelled before it began");
  co_await DoneOr(task, cancel);
  if (task.is_done()) co_return task.Take();
  task.Reset();
  co_return Cancelled("cancelled");
}

}  // namespace race_internal

/// The task's result, or kTimeout if `limit` passes first; the task is then cancelled. The task is
/// started by this very call, so that one which needs no wait costs neither a timer nor a frame,
/// and goes on when the result is awaited. `what` names the wait in the error: a literal.
template <class T>
Task<Result<T>> WithDeadline(Executor& executor, Duration limit, std::string_view what,
                             Task<Result<T>> task) {
  task.Start();
  if (task.is_done()) return task;
  return race_internal::AwaitUntil(executor, limit, what, std::move(task));
}

/// The task's result, or kCancelled once `cancel` is set; the task is then cancelled. It is started
/// by this very call, but not if `cancel` is set already. `cancel` must outlive the task.
template <class T>
Task<Result<T>> WithCancel(Event& cancel, Task<Result<T>> task) {
  if (!cancel.is_set()) {
    task.Start();
    if (task.is_done()) return task;
  }
  return race_internal::AwaitUnless(cancel, std::move(task));
}

}  // namespace berth
