#include "base/task_group.h"

#include "base/log.h"

namespace berth {
namespace {

/// From inside a catch clause.
void LogCaught(std::string_view name) {
  try {
    throw;
  } catch (const std::exception& failure) {
    LogError("{}: unexpected exception: {}", name, failure.what());
  } catch (...) {
    LogError("{}: unexpected exception of unknown type", name);
  }
}

Task<void> StartFromReadyQueue(Executor& executor, std::string_view name, Task<void> task) {
  co_await Yield(executor);
  try {
    co_await task;
  } catch (...) {
    LogCaught(name);
  }
}

}  // namespace

Job::Job(Executor& executor, std::string_view name, Task<void> task)
    : task_(StartFromReadyQueue(executor, name, std::move(task))) {
  task_.Start();
}

void TaskGroup::Spawn(std::string_view name, Task<void> task) {
  auto* member = new Member;
  members_.push_back(*member);
  ++size_;
  empty_.Reset();
  member->task = Run(*member, name, std::move(task));
  member->task.Start();
}

Task<void> TaskGroup::Run(Member& member, std::string_view name, Task<void> task) {
  co_await Yield(executor_);
  try {
    co_await task;
  } catch (...) {
    LogCaught(name);
  }
  // With all that it was given: whoever waits for the group to be empty may destroy that next.
  task.Reset();
  // The frame that runs here belongs to `member`: leave the group now, be destroyed later.
  members_.erase(members_.iterator_to(member));
  executor_.Defer([doomed = std::unique_ptr<Member>(&member)] {});
  if (--size_ == 0) empty_.Set();
}

Task<void> TaskGroup::WaitEmpty() { co_await empty_.Wait(); }

Task<Result<void>> TaskGroup::WaitEmpty(Duration limit) {
  co_return co_await WithDeadline(executor_, limit, "the rest", UntilSet(empty_));
}

void TaskGroup::CancelAll() {
  members_.clear_and_dispose([](Member* member) { delete member; });
  size_ = 0;
  empty_.Set();
}

}  // namespace berth
