#include "store/instances.h"

#include <fmt/format.h>

#include "base/log.h"

namespace berth::store {
namespace {

InstanceRow ToInstance(const Row& row) {
  return InstanceRow{.id = row.String(0),
                     .user_id = row.Integer(1),
                     .label = row.String(2),
                     .metadata = row.String(3),
                     .first_seen_at = row.Time(4),
                     .last_seen_at = row.Time(5)};
}

}  // namespace

Result<InstanceRow> ClaimInstance(Database& database, std::string_view id, std::int64_t user_id,
                                  std::string_view metadata, WallTime now) {
  auto taken =
      database.Run("INSERT OR IGNORE INTO id_owners (id, user_id) VALUES (?1, ?2)", {id, user_id});
  if (!taken) return Wrap(std::move(taken).error(), "take an instance id");
  auto changed = database.Run(
      "INSERT INTO instances (id, user_id, label, metadata, first_seen_at, last_seen_at)"
      " SELECT id, user_id, '', ?3, ?4, ?4 FROM id_owners WHERE id = ?1 AND user_id = ?2"
      " ON CONFLICT (id) DO UPDATE SET metadata = excluded.metadata,"
      " last_seen_at = excluded.last_seen_at WHERE user_id = excluded.user_id",
      {id, user_id, metadata, ToUnixMs(now)});
  if (!changed) return Wrap(std::move(changed).error(), "write an instance");
  if (*changed == 0) {
    return Forbidden("this id belongs to another user of the hub for good: choose another id");
  }
  auto instance = FindInstance(database, id);
  if (!instance) return std::move(instance).error();
  if (!*instance) return Internal("the instance just written is not there");
  return std::move(**instance);
}

Result<bool> HasRoomForInstance(Database& database, std::string_view id, std::int64_t user_id,
                                std::uint64_t most) {
  // Counted for a new one only: agents that come back are many.
  auto count = database.First(
      "SELECT CASE WHEN EXISTS (SELECT 1 FROM instances WHERE id = ?1) THEN NULL"
      " ELSE (SELECT count(*) FROM instances WHERE user_id = ?2) END",
      {id, user_id}, [](const Row& row) { return row.IntegerOrNull(0); });
  if (!count) return Wrap(std::move(count).error(), "count instances");
  const auto others = count->value_or(std::nullopt);
  return !others || static_cast<std::uint64_t>(*others) < most;
}

Result<std::optional<InstanceRow>> FindInstance(Database& database, std::string_view id) {
  return database.First(
      "SELECT id, user_id, label, metadata, first_seen_at, last_seen_at"
      " FROM instances WHERE id = ?1",
      {id}, ToInstance);
}

Result<std::vector<InstanceRow>> ListInstances(Database& database) {
  return database.All(
      "SELECT id, user_id, label, metadata, first_seen_at, last_seen_at"
      " FROM instances ORDER BY id",
      {}, ToInstance);
}

Result<void> NoteInstanceSeen(Database& database, std::string_view id, WallTime now) {
  auto done =
      database.Run("UPDATE instances SET last_seen_at = max(last_seen_at, ?2) WHERE id = ?1",
                   {id, ToUnixMs(now)});
  if (!done) return Wrap(std::move(done).error(), "note an instance");
  return Ok();
}

Result<void> SetInstanceMetadata(Database& database, std::string_view id,
                                 std::string_view metadata) {
  auto done = database.Run("UPDATE instances SET metadata = ?2 WHERE id = ?1", {id, metadata});
  if (!done) return Wrap(std::move(done).error(), "write what an instance is");
  return Ok();
}

Result<void> SetInstanceLabel(Database& database, std::string_view id, std::int64_t user_id,
                              std::string_view label) {
  auto changed = database.Run("UPDATE instances SET label = ?3 WHERE id = ?1 AND user_id = ?2",
                              {id, user_id, label});
  if (!changed) return Wrap(std::move(changed).error(), "label an instance");
  if (*changed == 0) return NotFound(fmt::format("they have no instance {}", ForLog(id)));
  return Ok();
}

Result<bool> DeleteInstance(Database& database, std::string_view id) {
  auto deleted = database.Run("DELETE FROM instances WHERE id = ?1", {id});
  if (!deleted) return Wrap(std::move(deleted).error(), "delete an instance");
  return *deleted > 0;
}

Result<void> ReleaseId(Database& database, std::string_view id) {
  auto instance = FindInstance(database, id);
  if (!instance) return std::move(instance).error();
  if (*instance) {
    return Conflict(fmt::format("there is an instance {}: its owner removes it first, on its page",
                                ForLog(id)));
  }
  auto released = database.Run("DELETE FROM id_owners WHERE id = ?1", {id});
  if (!released) return Wrap(std::move(released).error(), "release an instance id");
  if (*released == 0) return NotFound(fmt::format("nobody has the id {}", ForLog(id)));
  return Ok();
}

}  // namespace berth::store
