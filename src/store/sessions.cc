#include "store/sessions.h"

#include "store/digest_column.h"

namespace berth::store {

Result<void> InsertSession(Database& database, const SessionRow& session) {
  auto done = database.Run(
      "INSERT INTO sessions (id, secret_hash, user_id, parent_id, instance_id, created_at,"
      " last_used_at, expires_at, address, user_agent)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
      {session.id, session.secret_hash, session.user_id, OrNull(session.parent_id),
       OrNull(session.instance_id), ToUnixMs(session.created_at), ToUnixMs(session.last_used_at),
       ToUnixMs(session.expires_at), session.address, session.user_agent});
  if (!done) return Wrap(std::move(done).error(), "write a session");
  return Ok();
}

Result<std::vector<SessionRow>> ListSessions(Database& database) {
  return database.All(
      "SELECT id, secret_hash, user_id, parent_id, instance_id, created_at, last_used_at,"
      " expires_at, address, user_agent FROM sessions",
      {}, [](const Row& row) {
        return SessionRow{.id = row.String(0),
                          .secret_hash = DigestColumn(row, 1),
                          .user_id = row.Integer(2),
                          .parent_id = row.StringOrNull(3),
                          .instance_id = row.StringOrNull(4),
                          .created_at = row.Time(5),
                          .last_used_at = row.Time(6),
                          .expires_at = row.Time(7),
                          .address = row.String(8),
                          .user_agent = row.String(9)};
      });
}

Result<void> DeleteSession(Database& database, std::string_view id) {
  auto done = database.Run("DELETE FROM sessions WHERE id = ?1", {id});
  if (!done) return Wrap(std::move(done).error(), "delete a session");
  return Ok();
}

Result<void> NoteSessionUse(Database& database, std::string_view id, WallTime used,
                            WallTime expires_at) {
  auto done = database.Run(
      "UPDATE sessions SET last_used_at = ?2, expires_at = min(expires_at, ?3)"
      " WHERE id = ?1",
      {id, ToUnixMs(used), ToUnixMs(expires_at)});
  if (!done) return Wrap(std::move(done).error(), "note the use of a session");
  return Ok();
}

}  // namespace berth::store
