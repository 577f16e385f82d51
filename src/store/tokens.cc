#include "store/tokens.h"

#include <fmt/format.h>

#include "base/log.h"
#include "store/digest_column.h"
#include "store/lines_column.h"

namespace berth::store {
namespace {

TokenRow ToToken(const Row& row) {
  TokenRow token;
  token.id = row.String(0);
  token.secret_hash = DigestColumn(row, 1);
  token.user_id = row.Integer(2);
  token.name = row.String(3);
  token.created_at = row.Time(4);
  token.last_used_at = row.TimeOrNull(5);
  token.revoked_at = row.TimeOrNull(6);
  token.instance_ids = FromLines(row.Text(7));
  token.expires_at = row.TimeOrNull(8);
  return token;
}

}  // namespace

Result<void> InsertToken(Database& database, const TokenRow& token) {
  auto done = database.Run(
      "INSERT INTO tokens (id, secret_hash, user_id, name, created_at, instance_ids, expires_at)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
      {token.id, token.secret_hash, token.user_id, token.name, ToUnixMs(token.created_at),
       ToLines(token.instance_ids), OrNull(token.expires_at)});
  if (!done) return Wrap(std::move(done).error(), "write a token");
  return Ok();
}

Result<std::int64_t> CountTokens(Database& database, std::int64_t user_id) {
  auto count =
      database.First("SELECT count(*) FROM tokens WHERE user_id = ?1 AND revoked_at IS NULL",
                     {user_id}, [](const Row& row) { return row.Integer(0); });
  if (!count) return Wrap(std::move(count).error(), "count tokens");
  return count->value_or(0);
}

Result<void> ForgetRevokedTokens(Database& database, std::int64_t user_id, std::int64_t most) {
  auto done = database.Run(
      "DELETE FROM tokens WHERE id IN (SELECT id FROM tokens"
      " WHERE user_id = ?1 AND revoked_at IS NOT NULL ORDER BY revoked_at DESC, id"
      " LIMIT -1 OFFSET ?2)",
      {user_id, most});
  if (!done) return Wrap(std::move(done).error(), "forget revoked tokens");
  return Ok();
}

Result<std::vector<TokenRow>> ListTokens(Database& database) {
  return database.All(
      "SELECT id, secret_hash, user_id, name, created_at, last_used_at, revoked_at, instance_ids,"
      " expires_at FROM tokens"
      " ORDER BY created_at DESC, id",
      {}, ToToken);
}

Result<bool> RevokeToken(Database& database, std::string_view id, WallTime now) {
  auto changed =
      database.Run("UPDATE tokens SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL",
                   {id, ToUnixMs(now)});
  if (!changed) return Wrap(std::move(changed).error(), "revoke a token");
  if (*changed > 0) return true;
  auto known = database.First("SELECT 1 FROM tokens WHERE id = ?1", {id},
                              [](const Row& row) { return row.Integer(0); });
  if (!known) return Wrap(std::move(known).error(), "revoke a token");
  if (!*known) return NotFound(fmt::format("there is no token {}", ForLog(id)));
  return false;
}

Result<void> NoteTokenUse(Database& database, std::string_view id, WallTime used) {
  auto done = database.Run(
      "UPDATE tokens SET last_used_at = max(coalesce(last_used_at, 0), ?2) WHERE id = ?1",
      {id, ToUnixMs(used)});
  if (!done) return Wrap(std::move(done).error(), "note the use of a token");
  return Ok();
}

}  // namespace berth::store
