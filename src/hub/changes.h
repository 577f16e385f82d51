// Changes: a change that has begun is made to its end, also when whoever asked for it hangs up.
//
// A request's task is dropped with its connection, at whatever it waits for then. A call that only
// reads may end like that. One that changes something may not: it would be in the database and not
// in the registry, or made and not in the audit log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "base/task_group.h"
#include "http/message.h"

namespace berth::hub {

/// The calls under way that change something. Lives on the loop.
class Changes {
 public:
  /// `per_user` may be under way of one user: some wait for an instance or another server, and
  /// nobody's may keep others from theirs.
  Changes(Executor& executor, std::size_t per_user)
      : executor_(executor), per_user_(per_user), group_(executor) {}

  /// Runs `work` for that user (0: nobody who is signed in) and returns what it returns; status 429
  /// if the user has too many under way. Dropping the task that waits for it leaves `work` running,
  /// so it must hold nothing of the connection. kInternal: it ended with an exception (which is
  /// logged).
  Task<Result<http::Response>> CarryOut(std::int64_t user_id, Task<Result<http::Response>> work);

  /// Returns when none is under way; kTimeout if some are after `limit`.
  Task<Result<void>> WaitEmpty(Duration limit) { return group_.WaitEmpty(limit); }
  void CancelAll() { group_.CancelAll(); }
  std::size_t size() const { return group_.size(); }

 private:
  struct Outcome;
  class UnderWay;

  Task<void> Run(std::unique_ptr<UnderWay> place, Task<Result<http::Response>> work);

  Executor& executor_;
  const std::size_t per_user_;
  std::unordered_map<std::int64_t, std::size_t> under_way_;  // Of each user that has any.
  TaskGroup group_;
};

}  // namespace berth::hub
