// Where background work lives: Job owns one running Task, TaskGroup many.
//
// These are the only ways to run a Task that nobody awaits, and the only place where exceptions are
// caught: what escapes a task is logged under its name and ends that task alone.
#pragma once

#include <boost/intrusive/list.hpp>
#include <memory>
#include <string_view>

#include "base/event.h"
#include "base/task.h"

namespace berth {

/// One background task with an owner. Destroying or resetting a Job cancels the task, so a Job must
/// not be destroyed from inside its own task (use Executor::Defer).
class Job {
 public:
  Job() = default;
  /// Starts `task` from the ready queue: never inside the caller.
  Job(Executor& executor, std::string_view name, Task<void> task);

  bool is_running() const { return task_ && !task_.is_done(); }
  void Cancel() { task_.Reset(); }

 private:
  Task<void> task_;
};

/// Any number of background tasks; each leaves the group when nothing is left of it. Destroying the
/// group cancels the rest. Not to be destroyed or cancelled from inside one of its tasks.
class TaskGroup {
 public:
  explicit TaskGroup(Executor& executor) : executor_(executor), empty_(executor) { empty_.Set(); }
  ~TaskGroup() { CancelAll(); }
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  /// Starts `task` from the ready queue. `name` must be a literal.
  void Spawn(std::string_view name, Task<void> task);
  /// Returns when no task is left.
  Task<void> WaitEmpty();
  /// The same; kTimeout if some are left after `limit`. They go on.
  Task<Result<void>> WaitEmpty(Duration limit);
  void CancelAll();
  std::size_t size() const { return size_; }

 private:
  struct Member : boost::intrusive::list_base_hook<> {
    Task<void> task;
  };
  Task<void> Run(Member& member, std::string_view name, Task<void> task);

  Executor& executor_;
  Event empty_;
  std::size_t size_ = 0;
  boost::intrusive::list<Member> members_;
};

}  // namespace berth
