#include "store/login_codes.h"

#include "store/digest_column.h"

namespace berth::store {

Result<void> InsertLoginCode(Database& database, const LoginCodeRow& code) {
  auto done = database.Run(
      "INSERT INTO login_codes (id, secret_hash, user_id, created_at, expires_at)"
      " VALUES (?1, ?2, ?3, ?4, ?5)",
      {code.id, code.secret_hash, code.user_id, ToUnixMs(code.created_at),
       ToUnixMs(code.expires_at)});
  if (!done) return Wrap(std::move(done).error(), "write a sign-in code");
  return Ok();
}

Result<std::optional<LoginCodeRow>> FindLoginCode(Database& database, std::string_view id) {
  return database.First(
      "SELECT id, secret_hash, user_id, created_at, expires_at FROM login_codes WHERE id = ?1",
      {id}, [](const Row& row) {
        return LoginCodeRow{.id = row.String(0),
                            .secret_hash = DigestColumn(row, 1),
                            .user_id = row.Integer(2),
                            .created_at = row.Time(3),
                            .expires_at = row.Time(4)};
      });
}

Result<bool> DeleteLoginCode(Database& database, std::string_view id) {
  auto deleted = database.Run("DELETE FROM login_codes WHERE id = ?1", {id});
  if (!deleted) return Wrap(std::move(deleted).error(), "delete a sign-in code");
  return *deleted > 0;
}

Result<void> DeleteExpiredLoginCodes(Database& database, WallTime now) {
  auto deleted = database.Run("DELETE FROM login_codes WHERE expires_at <= ?1", {ToUnixMs(now)});
  if (!deleted) return Wrap(std::move(deleted).error(), "delete old sign-in codes");
  return Ok();
}

}  // namespace berth::store
