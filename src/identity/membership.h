// Membership: asks providers again about the people who signed in with them.
//
// Everybody is looked at each limits.membership_recheck. Whom the provider no longer vouches for,
// or the policy no longer admits, is removed: no access from that moment, sessions ended, sockets
// closed. While a provider does not answer, what it said last counts for limits.membership_grace
// more; then they are removed as well, until they sign in again. So nobody has access who was not
// confirmed within the two together, nor is in a group that was not told within them. What passed
// while the hub was off, or its machine asleep, is no absence of the provider: it is asked first,
// and for a minute it may fail to answer.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/task_group.h"
#include "identity/context.h"
#include "identity/identity.h"
#include "identity/sign_in_provider.h"

namespace berth::identity {

using Providers = std::vector<std::unique_ptr<SignInProvider>>;

/// The policy no longer admits them: marks them, ends their sessions, records it. Done at once;
/// what the disk does not take is logged. `identity` must outlive the call.
Task<void> RemovePerson(Identity& identity, PersonPtr person, std::string why);

/// A credential as it is kept in the database; nothing for an empty one.
std::vector<std::byte> SealCredential(const Sealer& sealer, std::string_view provider,
                                      std::string_view subject, const Credential& credential);

class MembershipChecks {
 public:
  /// `identity` and `providers` must outlive this object.
  MembershipChecks(const Context& with, Identity& identity, const Providers& providers);

  /// Runs for ever.
  Task<void> Run();

 private:
  /// What is remembered of somebody between two looks at them. Waiting is by the monotonic clock:
  /// the time of day may be set, and goes on while the machine sleeps.
  struct Attempt {
    TimePoint next = {};  ///< Not before this.
    bool is_running = false;
    std::optional<TimePoint> waiting_since = {};  ///< They could be asked about, and were not yet.
    std::optional<TimePoint> overdue_since = {};  ///< Since then their deadline is seen to be over.
    /// Since then the clock is behind checked_at: it was set back.
    std::optional<WallTime> ahead_since = {};
  };

  void Look(WallTime now);
  /// Notices that the machine slept, or that its clock was set.
  void NoteTime(WallTime now);
  void NoteDates(const store::User& person, Attempt& attempt, WallTime now);
  void LookAt(const PersonPtr& person, WallTime now);
  Task<void> Remove(PersonPtr person, std::string why);
  Task<void> Check(PersonPtr person, SignInProvider& provider);
  Task<Result<VerifiedPerson>> Ask(PersonPtr person, SignInProvider& provider,
                                   Credential& credential);
  Task<void> Conclude(PersonPtr person, Result<VerifiedPerson> verified, Credential credential);
  /// When they were confirmed last. For a time to come: so long ago that they are due.
  WallTime CheckedAt(const store::User& person) const;
  /// When to ask about them: each interval, and once after a start, as the policy may be another,
  /// or a jump of the clock.
  WallTime DueOf(const store::User& person) const;
  /// When what the provider said last stops counting.
  WallTime DeadlineOf(const store::User& person) const;
  /// Whether the provider told the groups too long ago for them to count.
  bool AreGroupsTooOld(const store::User& person) const;
  /// Whether somebody else changed them while we asked.
  bool IsAsBefore(const PersonPtr& person) const;

  Executor& executor_;
  Identity& identity_;
  const Sealer& sealer_;
  const Limits& limits_;
  const WallClock clock_;
  const Providers& providers_;
  WallTime awake_since_;  ///< The start, or when the clock jumped last, as after a sleep.
  WallTime looked_at_;
  std::unordered_map<std::int64_t, Attempt> attempts_;
  TaskGroup checking_;
};

}  // namespace berth::identity
