// Changes: a change that has begun is made to its end, also when whoever asked for it hangs up.
//
// A request's task is dropped with its connection, at whatever it waits for then. A call that only
// reads may end like that. One that changes something may not: it would be in the database and not
// in the registry, or made and not in the audit log.
#pragma once

#include <cstddef>
#include <functional>
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

/// The calls under way that change something. Lives on the loop.
class Changes {
 public:
  /// `limits`: caller_changes, changes.
  Changes(Executor& executor, const Limits& limits)
      : executor_(executor), limits_(limits), group_(executor) {}

  /// Runs `work` and returns what it returns. Dropping the task that waits for it leaves `work`
  /// running, so it must hold nothing of the connection (JsonBody::Receive). `caller` is the
  /// credential or the address that asks: each has its own bound, because some changes wait for an
  /// instance or another server, and none of that may keep others from theirs. Status 429 beyond
  /// it, 503 beyond that of all or once closed. kInternal: it ended with an exception (which is
  /// logged).
  Task<Result<http::Response>> CarryOut(std::string caller, Task<Result<http::Response>> work);

  /// Begins nothing more.
  void Close() { is_closed_ = true; }
  /// Returns when none is under way; kTimeout if some are after `limit`.
  Task<Result<void>> WaitEmpty(Duration limit) { return group_.WaitEmpty(limit); }
  void CancelAll() { group_.CancelAll(); }
  std::size_t size() const { return group_.size(); }

 private:
  struct Outcome;
  class UnderWay;

  /// Why another one of that caller cannot begin, if it cannot.
  std::optional<http::Response> Refusal(std::string_view caller) const;
  Task<void> Run(std::unique_ptr<UnderWay> place, Task<Result<http::Response>> work);

  Executor& executor_;
  const Limits& limits_;
  bool is_closed_ = false;
  std::map<std::string, std::size_t, std::less<>> under_way_;  // Of each caller that has any.
  TaskGroup group_;
};

/// What stands for a session, an API token and an address as a caller. Each credential counts by
/// itself, so that a stolen one cannot get in the way of its own revocation.
std::string CallerOf(const identity::Session& session);
std::string CallerOf(const identity::ApiToken& token);
std::string CallerAt(std::string_view address);

}  // namespace berth::hub
