// Rows of the outbox and notify_watch tables: what people are still to be told, and what goes on
// whose end they are to be told of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/wall_clock.h"
#include "store/database.h"

namespace berth::store {

struct OutboxRow {
  std::int64_t id = 0;
  std::string target_id = {};
  std::string dedupe_key = {};  ///< Of all events of a target each has its own.
  std::string event = {};       ///< JSON; its client_id is the instance it tells of.
  WallTime created_at = {};
  WallTime not_before = {};
  /// Since when attempts at its target fail, or this waits, whichever is later; nothing: none has.
  /// Read only.
  std::optional<WallTime> first_attempt_at = {};
  std::int64_t attempts = 0;  ///< At this one.
};

/// What comes first of what waits for a target.
struct OutboxHead {
  std::int64_t id = 0;
  std::string target_id = {};
  std::int64_t user_id = 0;  ///< Whose target it is.
  WallTime created_at = {};
  WallTime not_before = {};
};

/// Puts it at the end of its target's queue. False: that key was there already, waiting or done.
Result<bool> InsertOutbox(Database& database, const OutboxRow& row);
/// Of each target what comes first, whether it is due or not: what has not been tried yet before
/// what has, and of either what is due the longest.
Result<std::vector<OutboxHead>> ListOutboxHeads(Database& database);
/// What waits under that id, if anything does.
Result<std::optional<OutboxRow>> FindOutbox(Database& database, std::int64_t id);
/// How many wait for that target.
Result<std::int64_t> CountOutbox(Database& database, std::string_view target_id);
/// Later, as of `now`, after which it was not created either.
Result<void> PostponeOutbox(Database& database, std::int64_t id, WallTime not_before, WallTime now);
/// An attempt at that one failed at `now`: for all that wait for its target it is the first, if
/// there was none. However many wait, one row of each table is written.
Result<void> NoteOutboxAttempt(Database& database, const OutboxRow& row, WallTime now);
/// For what waits for that target, the next attempt is the first.
Result<void> ForgetOutboxAttempts(Database& database, std::string_view target_id);
/// Leaves `most` of what waits for that target: what comes first, which may be under way and whose
/// pause is the target's, and the newest. Of whose instances the most waits, their oldest go first,
/// so that nobody's push out what is somebody else's. How many are gone, their keys too.
Result<std::int64_t> TrimOutbox(Database& database, std::string_view target_id, std::int64_t most);
/// Delivered, or given up: only its key stays. If it was the last that waited for its target, what
/// comes next begins anew.
Result<void> FinishOutbox(Database& database, std::int64_t id, WallTime at);
/// What waits for that target may be looked at again at once, but for what is being retried.
Result<void> HastenOutbox(Database& database, std::string_view target_id);
/// Forgets keys of what was done before `before`, and of what was not among the last `most` that
/// were written.
Result<void> PurgeOutbox(Database& database, WallTime before, std::int64_t most);

/// What goes on.
struct NotifyWatchRow {
  enum class What { kRun, kOnline };
  std::string instance_id = {};
  What what = What::kRun;
  std::string session_id = {};  ///< "" for kOnline, and for an instance that names no sessions.
  WallTime run_id = {};         ///< When it began: one name for it for ever.
  std::string title = {};
  bool operator==(const NotifyWatchRow&) const = default;
};

/// Inserts it, or changes its title.
Result<void> PutNotifyWatch(Database& database, const NotifyWatchRow& row);
Result<void> DeleteNotifyWatch(Database& database, const NotifyWatchRow& row);
Result<std::vector<NotifyWatchRow>> ListNotifyWatch(Database& database);

}  // namespace berth::store
