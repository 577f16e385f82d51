// Outbox: delivers what people are to be told, from the database, so that nothing is lost when the
// hub ends, and nothing waits for a slow receiver.
//
// Of one target one notification at a time, in order; of different targets several at once, but few
// of one user's, and what has not been tried goes before what has. What
// fails is tried again, later and later. What waits for a target whose attempts have failed for
// limits.notify_give_up, whichever of them was tried, is given up. An attempt whose outcome the hub
// did not live to write down is repeated with the same idempotency key (notify_message.h).
// Lives on one loop.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "base/event.h"
#include "base/limits.h"
#include "base/task_group.h"
#include "hub/notify_message.h"
#include "identity/audit.h"
#include "store/outbox.h"
#include "store/store.h"

namespace berth::hub {

class Outbox {
 public:
  /// What deliveries need. Everything referred to must outlive the outbox.
  struct Parts {
    Executor& executor;
    store::Store& store;
    http::Web& web;
    const Sealer& sealer;
    const Limits& limits;
    identity::Audit& audit;
    WallClock clock;
    RandomSource random;
    PushIdentity identity;
    /// Whether that target may (still) be told of that instance.
    std::function<bool(const store::NotifyTargetRow& target, const std::string& instance_id)>
        may_know;
  };
  explicit Outbox(Parts parts);

  /// Delivers for ever; a Job of whoever owns this object.
  Task<void> Run();
  /// There may be something new.
  void Wake() { wake_.Set(); }

  /// One attempt, now, for a test of the target; nothing is written. The error says what happened,
  /// for the target's user.
  Task<Result<void>> Try(store::NotifyTargetRow target, Notification notification);

 private:
  enum class Verdict { kDelivered, kLater, kGivenUp, kTargetGone };
  struct Outcome {
    Verdict verdict = Verdict::kLater;
    std::string error = {};
    std::optional<std::chrono::seconds> retry_after = {};
  };

  bool HasRoomFor(std::int64_t user_id) const;
  Task<void> Deliver(store::OutboxHead head);
  Task<Result<void>> DeliverOnce(std::int64_t id);
  Task<Outcome> Attempt(store::NotifyTargetRow target, Notification notification, std::string key);
  /// Decides what follows from the outcome of an attempt, and writes it down.
  Task<Result<void>> Note(store::OutboxRow row, store::NotifyTargetRow target,
                          Notification notification, Outcome outcome);
  /// What the database is to know of an attempt at `now`; `next` counts if that is kLater.
  static Result<void> Write(store::Database& database, const store::OutboxRow& row,
                            const Outcome& outcome, WallTime now, WallTime next);
  /// Into the audit log: nothing more comes of this notification, once a minute for each user and
  /// instance, or of its target.
  void RecordEnd(const store::NotifyTargetRow& target, const Notification& notification,
                 const Outcome& outcome);
  /// Until its target's quiet hours are over, if they still are.
  Task<Result<void>> PostponeForQuiet(store::OutboxRow row, WallTime now);
  Task<Result<void>> Drop(std::int64_t id);
  Duration DelayAfter(std::int64_t attempts) const;

  Parts parts_;
  Event wake_;
  Timer timer_;
  /// Targets that are spoken to, and whose they are.
  std::map<std::string, std::int64_t, std::less<>> in_flight_;
  WallTime purged_at_{};
  TaskGroup deliveries_;
};

}  // namespace berth::hub
