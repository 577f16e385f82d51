// Executor: where coroutines of one thread wait: a ready queue, a turn-end queue and timers.
//
// net::Loop is the real one; test::TestExecutor (executor_testing.h) has a clock that the
// test advances. Everything above net/ takes an Executor&.
//
// A *turn* is what one loop iteration dispatches. Wake-ups never run inside the code that causes
// them: a woken coroutine is put on the ready queue, which is drained after the current callback
// returns, or on the turn-end queue, drained when everything else that was ready has run. Writers
// wait on the latter, so that all output of a turn leaves in one write. It follows that a coroutine
// may freely Set() events and drop other Tasks: none of them is on the stack.
//
// Not thread-safe, except Post(). Must outlive everything that waits on it.
#pragma once

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>
#include <chrono>
#include <coroutine>
#include <functional>
#include <optional>
#include <vector>

namespace berth {

using Clock = std::chrono::steady_clock;
using Duration = Clock::duration;
using TimePoint = Clock::time_point;

/// A suspended coroutine in some wait list. Lives in the awaiter, that is in the coroutine's frame;
/// unlinks itself when the frame is destroyed, which is what makes dropping a Task safe.
struct Waiter
    : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  std::coroutine_handle<> handle;
};
using WaitList = boost::intrusive::list<Waiter, boost::intrusive::constant_time_size<false>>;

/// A callback at a point in time. Unlinks itself when destroyed. Precision: about a millisecond.
class Timer : public boost::intrusive::set_base_hook<
                  boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  /// `on_due` runs at the top of a turn, never inside the code that armed the timer.
  explicit Timer(std::move_only_function<void()> on_due) : on_due_(std::move(on_due)) {}

  bool is_armed() const { return is_linked(); }
  TimePoint due() const { return due_; }
  void Disarm() { unlink(); }

  friend bool operator<(const Timer& a, const Timer& b) { return a.due_ < b.due_; }

 private:
  friend class Executor;
  TimePoint due_{};
  std::move_only_function<void()> on_due_;
};

class Executor {
 public:
  virtual ~Executor() = default;
  Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// Monotonic time; constant within a turn is allowed.
  virtual TimePoint now() const = 0;

  /// Moves `waiter` from whichever list it is in to the ready queue.
  void Ready(Waiter& waiter);
  /// The same for the turn-end queue.
  void ReadyAtTurnEnd(Waiter& waiter);
  /// Runs `work` after the current callback returned, e.g. to destroy an object from inside it.
  void Defer(std::move_only_function<void()> work);
  /// (Re-)arms the timer for `due`.
  void Arm(Timer& timer, TimePoint due);
  void ArmAfter(Timer& timer, Duration delay) { Arm(timer, now() + delay); }
  /// Runs `work` on this executor's thread. The only function that other threads may call.
  virtual void Post(std::move_only_function<void()> work) = 0;

 protected:
  /// Something is ready while nothing runs: call RunReady() soon, from the top of the stack.
  virtual void WakeForReady() = 0;
  /// Something waits for the end of the turn: call RunTurnEnd() after all that is ready now.
  virtual void WakeForTurnEnd() = 0;
  /// The earliest timer is now `due`: call RunTimers() then.
  virtual void WakeAt(TimePoint due) = 0;

  void RunReady();
  void RunTurnEnd();
  /// Runs what is due; returns the next due time, if any.
  std::optional<TimePoint> RunTimers();
  bool has_ready() const { return !ready_.empty() || !deferred_.empty(); }
  bool has_turn_end() const { return !turn_end_.empty(); }
  std::optional<TimePoint> next_due() const;
  /// Marks that a callback runs, so that what becomes ready needs no wake-up; ends with RunReady().
  template <class F>
  void Enter(F&& callback) {
    inside_ = true;
    callback();
    RunReady();
    inside_ = false;
  }

 private:
  using TimerSet = boost::intrusive::multiset<Timer, boost::intrusive::constant_time_size<false>>;

  bool inside_ = false;
  bool turn_end_asked_ = false;
  WaitList ready_;
  WaitList turn_end_;
  std::vector<std::move_only_function<void()>> deferred_;
  TimerSet timers_;
};

}  // namespace berth
