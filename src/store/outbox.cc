#include "store/outbox.h"

namespace berth::store {
namespace {

OutboxRow ToOutbox(const Row& row) {
  OutboxRow entry;
  entry.id = row.Integer(0);
  entry.target_id = row.String(1);
  entry.dedupe_key = row.String(2);
  entry.event = row.String(3);
  entry.created_at = row.Time(4);
  entry.not_before = row.Time(5);
  entry.first_attempt_at = row.TimeOrNull(6);
  entry.attempts = row.Integer(7);
  return entry;
}

OutboxHead ToHead(const Row& row) {
  return {.id = row.Integer(0),
          .target_id = row.String(1),
          .user_id = row.Integer(2),
          .created_at = row.Time(3),
          .not_before = row.Time(4)};
}

std::string_view ToString(NotifyWatchRow::What what) {
  return what == NotifyWatchRow::What::kRun ? "run" : "online";
}

NotifyWatchRow ToWatch(const Row& row) {
  NotifyWatchRow watch;
  watch.instance_id = row.String(0);
  watch.what = row.Text(1) == "run" ? NotifyWatchRow::What::kRun : NotifyWatchRow::What::kOnline;
  watch.session_id = row.String(2);
  watch.run_id = row.Time(3);
  watch.title = row.String(4);
  return watch;
}

}  // namespace

Result<bool> InsertOutbox(Database& database, const OutboxRow& row) {
  auto done = database.Run(
      "INSERT INTO outbox (target_id, dedupe_key, event, created_at, not_before)"
      " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (target_id, dedupe_key) DO NOTHING",
      {row.target_id, row.dedupe_key, row.event, ToUnixMs(row.created_at),
       ToUnixMs(row.not_before)});
  if (!done) return Wrap(std::move(done).error(), "write to the outbox");
  return *done > 0;
}

Result<std::vector<OutboxHead>> ListOutboxHeads(Database& database) {
  // One look into the index for each target, however much waits for it.
  return database.All(
      "SELECT head.id, head.target_id, target.user_id, head.created_at, head.not_before"
      " FROM notify_targets AS target JOIN outbox AS head ON head.id ="
      " (SELECT min(id) FROM outbox WHERE target_id = target.id AND done_at IS NULL)"
      " ORDER BY head.attempts > 0, head.not_before, head.id",
      {}, ToHead);
}

Result<std::optional<OutboxRow>> FindOutbox(Database& database, std::int64_t id) {
  return database.First(
      "SELECT waiting.id, target_id, dedupe_key, event, waiting.created_at, not_before,"
      " max(target.first_attempt_at, waiting.created_at), attempts"
      " FROM outbox AS waiting JOIN notify_targets AS target ON target.id = target_id"
      " WHERE waiting.id = ?1 AND done_at IS NULL",
      {id}, ToOutbox);
}

Result<std::int64_t> CountOutbox(Database& database, std::string_view target_id) {
  auto count =
      database.First("SELECT count(*) FROM outbox WHERE target_id = ?1 AND done_at IS NULL",
                     {target_id}, [](const Row& row) { return row.Integer(0); });
  if (!count) return Wrap(std::move(count).error(), "count the outbox");
  return count->value_or(0);
}

Result<void> PostponeOutbox(Database& database, std::int64_t id, WallTime not_before,
                            WallTime now) {
  auto done = database.Run(
      "UPDATE outbox SET not_before = ?2, created_at = min(created_at, ?3) WHERE id = ?1",
      {id, ToUnixMs(not_before), ToUnixMs(now)});
  if (!done) return Wrap(std::move(done).error(), "postpone in the outbox");
  return Ok();
}

Result<void> NoteOutboxAttempt(Database& database, const OutboxRow& row, WallTime now) {
  auto done = database.Run("UPDATE outbox SET attempts = attempts + 1 WHERE id = ?1", {row.id});
  if (done) {
    done = database.Run(
        "UPDATE notify_targets SET first_attempt_at = min(coalesce(first_attempt_at, ?2), ?2)"
        " WHERE id = ?1",
        {row.target_id, ToUnixMs(now)});
  }
  if (!done) return Wrap(std::move(done).error(), "note an attempt in the outbox");
  return Ok();
}

Result<void> ForgetOutboxAttempts(Database& database, std::string_view target_id) {
  auto done = database.Run(
      "UPDATE notify_targets SET first_attempt_at = NULL"
      " WHERE id = ?1 AND first_attempt_at IS NOT NULL",
      {target_id});
  if (!done) return Wrap(std::move(done).error(), "forget attempts in the outbox");
  return Ok();
}

Result<std::int64_t> TrimOutbox(Database& database, std::string_view target_id, std::int64_t most) {
  auto waiting = CountOutbox(database, target_id);
  if (!waiting || *waiting <= most) return waiting ? Result<std::int64_t>(0) : waiting;
  // Each is counted among its owner's, from the newest: the highest numbers are the oldest of those
  // with the most.
  auto done = database.Run(
      "DELETE FROM outbox WHERE id IN (SELECT id FROM"
      " (SELECT waiting.id, row_number() OVER (PARTITION BY owner.user_id ORDER BY waiting.id DESC)"
      " AS place FROM outbox AS waiting"
      " LEFT JOIN id_owners AS owner ON owner.id = json_extract(waiting.event, '$.client_id')"
      " WHERE waiting.target_id = ?1 AND waiting.done_at IS NULL AND waiting.id >"
      " (SELECT min(id) FROM outbox WHERE target_id = ?1 AND done_at IS NULL))"
      " ORDER BY place, id DESC LIMIT -1 OFFSET ?2 - 1)",
      {target_id, most});
  if (!done) return Wrap(std::move(done).error(), "shorten the outbox");
  return static_cast<std::int64_t>(*done);
}

Result<void> FinishOutbox(Database& database, std::int64_t id, WallTime at) {
  auto done =
      database.Run("UPDATE outbox SET done_at = ?2, event = '' WHERE id = ?1", {id, ToUnixMs(at)});
  if (done) {
    done = database.Run(
        "UPDATE notify_targets SET first_attempt_at = NULL WHERE first_attempt_at IS NOT NULL"
        " AND id = (SELECT target_id FROM outbox WHERE id = ?1) AND NOT EXISTS"
        " (SELECT 1 FROM outbox WHERE target_id = notify_targets.id AND done_at IS NULL)",
        {id});
  }
  if (!done) return Wrap(std::move(done).error(), "finish in the outbox");
  return Ok();
}

Result<void> HastenOutbox(Database& database, std::string_view target_id) {
  auto done = database.Run(
      "UPDATE outbox SET not_before = 0 WHERE target_id = ?1 AND done_at IS NULL AND attempts = 0",
      {target_id});
  if (!done) return Wrap(std::move(done).error(), "hasten the outbox");
  return Ok();
}

Result<void> PurgeOutbox(Database& database, WallTime before, std::int64_t most) {
  auto done = database.Run("DELETE FROM outbox WHERE done_at < ?1", {ToUnixMs(before)});
  if (done) {
    done = database.Run(
        "DELETE FROM outbox WHERE id <= (SELECT max(id) FROM outbox) - ?1 AND done_at IS NOT NULL",
        {most});
  }
  if (!done) return Wrap(std::move(done).error(), "purge the outbox");
  return Ok();
}

Result<void> PutNotifyWatch(Database& database, const NotifyWatchRow& row) {
  auto done = database.Run(
      "INSERT INTO notify_watch (instance_id, what, session_id, run_id, title)"
      " VALUES (?1, ?2, ?3, ?4, ?5)"
      " ON CONFLICT (instance_id, what, session_id) DO UPDATE SET run_id = ?4, title = ?5",
      {row.instance_id, ToString(row.what), row.session_id, ToUnixMs(row.run_id), row.title});
  if (!done) return Wrap(std::move(done).error(), "write what goes on");
  return Ok();
}

Result<void> DeleteNotifyWatch(Database& database, const NotifyWatchRow& row) {
  auto done = database.Run(
      "DELETE FROM notify_watch WHERE instance_id = ?1 AND what = ?2 AND session_id = ?3",
      {row.instance_id, ToString(row.what), row.session_id});
  if (!done) return Wrap(std::move(done).error(), "forget what went on");
  return Ok();
}

Result<std::vector<NotifyWatchRow>> ListNotifyWatch(Database& database) {
  return database.All(
      "SELECT instance_id, what, session_id, run_id, title FROM notify_watch"
      " ORDER BY instance_id, what, session_id",
      {}, ToWatch);
}

}  // namespace berth::store
