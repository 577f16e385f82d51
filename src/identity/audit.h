// Audit: writes what happens into the audit log (store/audit.h), in order. What a full queue or a
// broken disk keeps from being written is in the hub's log. Lives on one loop.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "base/task_group.h"
#include "base/wall_clock.h"
#include "store/audit.h"
#include "store/store.h"

namespace berth::identity {

/// What can be in the log. The names are for those who read it: they never change.
namespace audit_action {
inline constexpr std::string_view kSignIn = "sign_in";
inline constexpr std::string_view kLoginLink = "login_link";  ///< `berth login-link` made one.
inline constexpr std::string_view kSignOut = "sign_out";
inline constexpr std::string_view kSessionRevoke = "session_revoke";
inline constexpr std::string_view kOpen = "open";             ///< A browser opened an instance.
inline constexpr std::string_view kAccess = "access";         ///< A request that was denied.
inline constexpr std::string_view kCrossSite = "cross_site";  ///< Another origin's, denied.
inline constexpr std::string_view kAnswer = "answer";         ///< To what a session asked.
inline constexpr std::string_view kTokenCreate = "token_create";
inline constexpr std::string_view kTokenRevoke = "token_revoke";
inline constexpr std::string_view kApiTokenCreate = "api_token_create";
inline constexpr std::string_view kApiTokenRevoke = "api_token_revoke";
inline constexpr std::string_view kEnrolRequest = "enrol_request";
inline constexpr std::string_view kEnrolApprove = "enrol_approve";
inline constexpr std::string_view kEnrolDeny = "enrol_deny";
inline constexpr std::string_view kAgentConnect = "agent_connect";
inline constexpr std::string_view kAgentDisconnect = "agent_disconnect";  ///< Sent away by a user.
inline constexpr std::string_view kInstanceRename = "instance_rename";
inline constexpr std::string_view kInstanceRemove = "instance_remove";
inline constexpr std::string_view kIdRelease = "id_release";  ///< For another owner.
inline constexpr std::string_view kShareCreate = "share_create";
inline constexpr std::string_view kShareRemove = "share_remove";
inline constexpr std::string_view kRoleChange = "role_change";
inline constexpr std::string_view kUserRemove = "user_remove";  ///< Policy no longer admits them.
inline constexpr std::string_view kKeyRotate = "key_rotate";
inline constexpr std::string_view kNotifyTargetCreate = "notify_target_create";
inline constexpr std::string_view kNotifyTargetDelete = "notify_target_delete";
inline constexpr std::string_view kNotifyGiveUp = "notify_give_up";  ///< Could not be delivered.

/// All of them, for whoever looks for one.
inline constexpr std::array kAll = {kSignIn,
                                    kLoginLink,
                                    kSignOut,
                                    kSessionRevoke,
                                    kOpen,
                                    kAccess,
                                    kCrossSite,
                                    kAnswer,
                                    kTokenCreate,
                                    kTokenRevoke,
                                    kApiTokenCreate,
                                    kApiTokenRevoke,
                                    kEnrolRequest,
                                    kEnrolApprove,
                                    kEnrolDeny,
                                    kAgentConnect,
                                    kAgentDisconnect,
                                    kInstanceRename,
                                    kInstanceRemove,
                                    kIdRelease,
                                    kShareCreate,
                                    kShareRemove,
                                    kRoleChange,
                                    kUserRemove,
                                    kKeyRotate,
                                    kNotifyTargetCreate,
                                    kNotifyTargetDelete,
                                    kNotifyGiveUp};
}  // namespace audit_action

namespace audit_result {
inline constexpr std::string_view kOk = "ok";
inline constexpr std::string_view kDenied = "denied";
inline constexpr std::string_view kFailed = "failed";
/// All of them.
inline constexpr std::array kAll = {kOk, kDenied, kFailed};
}  // namespace audit_result

/// One event. Text from outside is cut and cleaned when it is recorded.
struct AuditEvent {
  std::string_view action;
  std::string_view result = audit_result::kOk;
  std::optional<std::int64_t> actor_id = {};  ///< The user who did it.
  std::string actor = {};                     ///< Their name; found by actor_id if empty.
  std::string instance_id = {};
  std::string address = {};
  std::string detail = {};
};

class Audit {
 public:
  /// Everything handed in must outlive this object.
  Audit(Executor& executor, store::Store& store, WallClock clock);

  /// Writes it; returns when it is on the disk, or cannot be: then the hub's log says so. For what
  /// somebody did and is then answered: the event is not lost if the hub is killed after.
  Task<void> Write(AuditEvent event);
  /// Writes it soon, in the order of the calls.
  void Record(AuditEvent event);
  /// The same for what anybody can cause as often as they like: events with the same action,
  /// result, user, instance and address are written once a minute. Of an IPv6 /64 all addresses are
  /// the same. Each user, and each address without one, has its own share of what a minute may
  /// hold; what is beyond it is left out, which the hub's log says. Events must not differ by what
  /// whoever causes them makes up: an instance_id is that of an instance, the name of an actor
  /// without an actor_id what a provider calls them.
  void RecordSparsely(AuditEvent event);
  /// Returns when all of it is written.
  Task<void> Flush() { return writing_.WaitEmpty(); }

 private:
  /// What was written sparsely and is not to be again `until` then.
  struct Recent {
    TimePoint until;
    std::string key;
    std::string source;  ///< Whose share it counts for.
    bool is_nameless;    ///< There was no user.
  };

  void ForgetOldest();

  Executor& executor_;
  store::Store& store_;
  const WallClock clock_;
  TaskGroup writing_;
  std::deque<Recent> recent_;                            ///< The oldest first.
  std::unordered_set<std::string> keys_;                 ///< Theirs.
  std::unordered_map<std::string, std::size_t> counts_;  ///< Of each source.
  std::size_t nameless_ = 0;
};

/// The same for commands: at once, in a transaction of the caller.
Result<void> RecordAudit(store::Database& database, AuditEvent event, WallTime now);

}  // namespace berth::identity
