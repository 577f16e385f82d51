#include "store/api_tokens.h"

#include "store/digest_column.h"
#include "store/lines_column.h"

namespace berth::store {
namespace {

ApiTokenRow ToApiToken(const Row& row) {
  ApiTokenRow token;
  token.id = row.String(0);
  token.secret_hash = DigestColumn(row, 1);
  token.user_id = row.Integer(2);
  token.name = row.String(3);
  token.scopes = FromLines(row.Text(4));
  token.created_at = row.Time(5);
  token.expires_at = row.TimeOrNull(6);
  token.last_used_at = row.TimeOrNull(7);
  return token;
}

}  // namespace

Result<void> InsertApiToken(Database& database, const ApiTokenRow& token) {
  auto done = database.Run(
      "INSERT INTO api_tokens (id, secret_hash, user_id, name, scopes, created_at, expires_at)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
      {token.id, token.secret_hash, token.user_id, token.name, ToLines(token.scopes),
       ToUnixMs(token.created_at), OrNull(token.expires_at)});
  if (!done) return Wrap(std::move(done).error(), "write an API token");
  return Ok();
}

Result<std::vector<ApiTokenRow>> ListApiTokens(Database& database) {
  return database.All(
      "SELECT id, secret_hash, user_id, name, scopes, created_at, expires_at, last_used_at"
      " FROM api_tokens ORDER BY created_at DESC, id",
      {}, ToApiToken);
}

Result<std::int64_t> CountApiTokens(Database& database, std::int64_t user_id) {
  auto count = database.First("SELECT count(*) FROM api_tokens WHERE user_id = ?1", {user_id},
                              [](const Row& row) { return row.Integer(0); });
  if (!count) return Wrap(std::move(count).error(), "count API tokens");
  return count->value_or(0);
}

Result<bool> DeleteApiToken(Database& database, std::string_view id) {
  auto deleted = database.Run("DELETE FROM api_tokens WHERE id = ?1", {id});
  if (!deleted) return Wrap(std::move(deleted).error(), "delete an API token");
  return *deleted > 0;
}

Result<void> NoteApiTokenUse(Database& database, std::string_view id, WallTime used) {
  auto done = database.Run(
      "UPDATE api_tokens SET last_used_at = max(coalesce(last_used_at, 0), ?2) WHERE id = ?1",
      {id, ToUnixMs(used)});
  if (!done) return Wrap(std::move(done).error(), "note the use of an API token");
  return Ok();
}

}  // namespace berth::store
