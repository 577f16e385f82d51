#include "store/notify_targets.h"

#include "store/lines_column.h"

namespace berth::store {
namespace {

NotifyTargetRow ToTarget(const Row& row) {
  NotifyTargetRow target;
  target.id = row.String(0);
  target.user_id = row.Integer(1);
  target.kind = ParseNotifyKind(row.Text(2)).value_or(NotifyKind::kWebhook);
  target.name = row.String(3);
  const auto sealed = row.Blob(4);
  target.sealed_config.assign(sealed.begin(), sealed.end());
  target.events = FromLines(row.Text(5));
  const auto from = row.IntegerOrNull(6);
  const auto to = row.IntegerOrNull(7);
  if (from && to) {
    target.quiet = QuietHours{.from = static_cast<int>(*from),
                              .to = static_cast<int>(*to),
                              .utc_offset = static_cast<int>(row.Integer(8))};
  }
  target.created_at = row.Time(9);
  target.last_ok_at = row.TimeOrNull(10);
  target.last_error = row.String(11);
  target.failures = row.Integer(12);
  target.session_id = row.StringOrNull(13);
  return target;
}

/// What ToTarget reads.
std::string Select(std::string_view condition) {
  return fmt::format(
      "SELECT id, user_id, kind, name, sealed_config, events, quiet_from, quiet_to, utc_offset,"
      " created_at, last_ok_at, last_error, failures, session_id FROM notify_targets {}",
      condition);
}

Value From(const std::optional<QuietHours>& quiet) {
  return quiet ? Value(std::int64_t{quiet->from}) : Value();
}
Value To(const std::optional<QuietHours>& quiet) {
  return quiet ? Value(std::int64_t{quiet->to}) : Value();
}
std::int64_t Offset(const std::optional<QuietHours>& quiet) {
  return quiet ? quiet->utc_offset : 0;
}

}  // namespace

std::string_view ToString(NotifyKind kind) {
  switch (kind) {
    case NotifyKind::kWebPush:
      return "webpush";
    case NotifyKind::kNtfy:
      return "ntfy";
    case NotifyKind::kWebhook:
      return "webhook";
    case NotifyKind::kSlack:
      return "slack";
  }
  return "";
}

std::optional<NotifyKind> ParseNotifyKind(std::string_view text) {
  for (const NotifyKind kind :
       {NotifyKind::kWebPush, NotifyKind::kNtfy, NotifyKind::kWebhook, NotifyKind::kSlack}) {
    if (ToString(kind) == text) return kind;
  }
  return std::nullopt;
}

Result<void> InsertNotifyTarget(Database& database, const NotifyTargetRow& target) {
  auto done = database.Run(
      "INSERT INTO notify_targets (id, user_id, kind, name, sealed_config, events, quiet_from,"
      " quiet_to, utc_offset, created_at, session_id)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
      {target.id, target.user_id, ToString(target.kind), target.name,
       std::span<const std::byte>(target.sealed_config), ToLines(target.events), From(target.quiet),
       To(target.quiet), Offset(target.quiet), ToUnixMs(target.created_at),
       OrNull(target.session_id)});
  if (!done) return Wrap(std::move(done).error(), "write a notification target");
  return Ok();
}

Result<std::optional<NotifyTargetRow>> FindNotifyTarget(Database& database, std::string_view id) {
  return database.First(Select("WHERE id = ?1"), {id}, ToTarget);
}

Result<std::vector<NotifyTargetRow>> ListNotifyTargets(Database& database, std::int64_t user_id) {
  return database.All(Select("WHERE user_id = ?1 ORDER BY created_at DESC, id"), {user_id},
                      ToTarget);
}

Result<std::vector<NotifyTargetRow>> ListNotifyTargetsOf(Database& database, NotifyKind kind) {
  return database.All(Select("WHERE kind = ?1"), {ToString(kind)}, ToTarget);
}

Result<void> UpdateNotifyTarget(Database& database, const NotifyTargetRow& target) {
  auto done = database.Run(
      "UPDATE notify_targets SET name = ?2, sealed_config = ?3, events = ?4, quiet_from = ?5,"
      " quiet_to = ?6, utc_offset = ?7, session_id = ?8 WHERE id = ?1",
      {target.id, target.name, std::span<const std::byte>(target.sealed_config),
       ToLines(target.events), From(target.quiet), To(target.quiet), Offset(target.quiet),
       OrNull(target.session_id)});
  if (!done) return Wrap(std::move(done).error(), "change a notification target");
  if (*done == 0) return NotFound("no such notification target");
  return Ok();
}

Result<void> DeleteNotifyTargetsOfSession(Database& database, std::string_view session_id) {
  auto deleted = database.Run("DELETE FROM notify_targets WHERE session_id = ?1", {session_id});
  if (!deleted) return Wrap(std::move(deleted).error(), "delete the notification targets");
  return Ok();
}

Result<bool> DeleteNotifyTarget(Database& database, std::string_view id) {
  auto deleted = database.Run("DELETE FROM notify_targets WHERE id = ?1", {id});
  if (!deleted) return Wrap(std::move(deleted).error(), "delete a notification target");
  return *deleted > 0;
}

Result<void> NoteNotifyAttempt(Database& database, std::string_view id, WallTime at,
                               std::string_view error) {
  auto done = error.empty() ? database.Run(
                                  "UPDATE notify_targets SET last_ok_at = ?2, last_error = '',"
                                  " failures = 0 WHERE id = ?1",
                                  {id, ToUnixMs(at)})
                            : database.Run(
                                  "UPDATE notify_targets SET last_error = ?2,"
                                  " failures = failures + 1 WHERE id = ?1",
                                  {id, error});
  if (!done) return Wrap(std::move(done).error(), "note an attempt to notify");
  return Ok();
}

}  // namespace berth::store
