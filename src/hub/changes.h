// Changes: a change that has begun is made to its end, also when whoever asked for it hangs up.
//
// A request's task is dropped with its connection, at whatever it waits for then. A call that only
// reads may end like that. One that changes something may not: it would be in the database and not
// in the registry, or made and not in the audit log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/task_group.h"
#include "http/message.h"
#include "identity/api_tokens.h"
#include "identity/sessions.h"

namespace berth::hub {

/// For whom a change is counted.
struct Caller {
  std::string key;
  bool waits_for_others = false;         ///< For seconds, for an instance or another server.
  std::optional<std::size_t> most = {};  ///< How many at once, if not limits.caller_changes.
};

// What stands for a session, an API token, and an address that asks for `what`. Each credential
// counts by itself, so that a stolen one cannot get in the way of its own revocation.
Caller CallerOf(const identity::Session& session);
Caller CallerOf(const identity::ApiToken& token);
Caller CallerAt(std::string_view address, std::string_view what);
/// What stands for a user whose change waits for others.
Caller CallerWaiting(std::int64_t user_id);
/// What stands for a user who has much of the database read, which is no change but goes on as one
/// does when they hang up: one at a time.
Caller CallerReading(std::int64_t user_id);

/// The calls under way that change something. Lives on the loop.
class Changes {
 public:
  /// `limits`: caller_changes, slow_changes.
  Changes(Executor& executor, const Limits& limits)
      : executor_(executor), limits_(limits), group_(executor) {}

  /// Runs `work` and returns what it returns. Dropping the task that waits for it leaves `work`
  /// running, so it must hold nothing of the connection (JsonBody::Receive). Status 429 if the
  /// caller has too many under way; 503 if all together have too many that wait for others (the
  /// rest take milliseconds and must not be kept from theirs), or once closed. kInternal: it ended
  /// with an exception (which is logged).
  Task<Result<http::Response>> CarryOut(Caller caller, Task<Result<http::Response>> work);
  /// What CarryOut() would answer that caller at once, if it would not begin.
  std::optional<http::Response> Refusal(const Caller& caller) const;

  /// Begins nothing more.
  void Close() { is_closed_ = true; }
  /// Returns when none is under way; kTimeout if some are after `limit`.
  Task<Result<void>> WaitEmpty(Duration limit) { return group_.WaitEmpty(limit); }
  void CancelAll() { group_.CancelAll(); }
  std::size_t size() const { return group_.size(); }

 private:
  struct Outcome;
  class UnderWay;

  Task<void> Run(std::unique_ptr<UnderWay> place, Task<Result<http::Response>> work);

  Executor& executor_;
  const Limits& limits_;
  bool is_closed_ = false;
  std::size_t slow_ = 0;                          // Those that wait for others.
  std::map<std::string, std::size_t> under_way_;  // By the key of each caller that has any.
  TaskGroup group_;
};

}  // namespace berth::hub
