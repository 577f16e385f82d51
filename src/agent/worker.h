// Worker: a thread for small blocking work (reading a database or /proc), so that the loop never
// waits for a disk or for somebody's file lock.
//
//     auto key = co_await RunOn(worker, executor, [places] { return ReadInstanceKey(places); });
//
// Jobs run one after the other, in order. A dropped RunOn forgets the result; the job still runs.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>

#include "base/event.h"

namespace berth::agent {

class Worker {
 public:
  virtual ~Worker() = default;
  /// Runs `job` soon, on some thread. It must capture by value and be done within seconds.
  virtual void Submit(std::move_only_function<void()> job) = 0;
};

/// One thread. Destroying it drops the jobs that wait, and then waits for the one that runs:
/// destroy it before the executor that results are posted to.
class ThreadWorker : public Worker {
 public:
  ThreadWorker();
  ~ThreadWorker() override;
  void Submit(std::move_only_function<void()> job) override;

 private:
  void Run();

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;                             // Guarded by mutex_.
  std::deque<std::move_only_function<void()>> jobs_;  // Guarded by mutex_.
  std::thread thread_;
};

/// The result of `job`, run on `worker`; the awaiting coroutine resumes on `executor`.
template <class F>
Task<std::invoke_result_t<F>> RunOn(Worker& worker, Executor& executor, F job) {
  // Shared by this frame and the job: the frame may be gone when the job ends. Only the
  // executor's thread touches it after Submit.
  struct Slot {
    std::optional<std::invoke_result_t<F>> result;
    Event* done = nullptr;
  };
  struct Forget {
    Slot& slot;
    ~Forget() { slot.done = nullptr; }
  };
  Event done(executor);
  auto slot = std::make_shared<Slot>();
  slot->done = &done;
  Forget forget{*slot};
  worker.Submit([slot, &executor, job = std::move(job)]() mutable {
    executor.Post([slot, result = job()]() mutable {
      if (!slot->done) return;
      slot->result.emplace(std::move(result));
      slot->done->Set();
    });
  });
  co_await done.Wait();
  co_return std::move(*slot->result);
}

}  // namespace berth::agent
