// For tests: an Executor whose clock the test advances, and a way to run a Task to its end on it.
#pragma once

#include <deque>
#include <stdexcept>

#include "base/executor.h"
#include "base/task.h"

namespace berth::testing {

class TestExecutor : public Executor {
 public:
  TimePoint now() const override { return now_; }
  void Post(std::move_only_function<void()> work) override { posted_.push_back(std::move(work)); }

  /// Runs until nothing is ready; time stands still.
  void RunUntilIdle() {
    for (;;) {
      if (!posted_.empty()) {
        auto work = std::move(posted_.front());
        posted_.pop_front();
        Enter([&] { work(); });
      } else if (has_ready()) {
        RunReady();
      } else if (has_turn_end()) {
        RunTurnEnd();
      } else {
        RunTimers();
        if (!has_ready() && !has_turn_end() && posted_.empty()) return;
      }
    }
  }

  /// Lets `duration` pass, timer by timer, running what each makes ready.
  void Advance(Duration duration) {
    const TimePoint end = now_ + duration;
    RunUntilIdle();
    while (next_due() && *next_due() <= end) {
      now_ = std::max(now_, *next_due());
      RunUntilIdle();
    }
    now_ = end;
    RunUntilIdle();
  }

  /// Runs `task` to its end without letting time pass; throws if it still waits when nothing is
  /// ready, so that a hang is a failed test and not a stuck one.
  template <class T>
  T Await(Task<T> task) {
    task.Start();
    RunUntilIdle();
    if (!task.is_done()) throw std::runtime_error("the task still waits, and nothing is ready");
    return task.Take();
  }

 protected:
  void WakeForReady() override {}
  void WakeForTurnEnd() override {}
  void WakeAt(TimePoint) override {}

 private:
  TimePoint now_{std::chrono::hours(1)};
  std::deque<std::move_only_function<void()>> posted_;
};

}  // namespace berth::testing
