#include "store/users.h"

namespace berth::store {
namespace {

User ToUser(const Row& row) {
  User user;
  user.id = row.Integer(0);
  user.provider = row.String(1);
  user.subject = row.String(2);
  user.name = row.String(3);
  user.created_at = FromUnixMs(row.Integer(4));
  if (!row.IsNull(5)) user.last_sign_in_at = FromUnixMs(row.Integer(5));
  return user;
}

}  // namespace

Result<std::optional<User>> FindUser(Database& database, std::int64_t id) {
  return database.First(
      "SELECT id, provider, subject, name, created_at, last_sign_in_at FROM users WHERE id = ?1",
      {id}, ToUser);
}

Result<std::optional<User>> FindUser(Database& database, std::string_view provider,
                                     std::string_view subject) {
  return database.First(
      "SELECT id, provider, subject, name, created_at, last_sign_in_at FROM users"
      " WHERE provider = ?1 AND subject = ?2",
      {provider, subject}, ToUser);
}

Result<User> EnsureUser(Database& database, std::string_view provider, std::string_view subject,
                        std::string_view name, WallTime now) {
  auto done = database.Run(
      "INSERT INTO users (provider, subject, name, created_at) VALUES (?1, ?2, ?3, ?4)"
      " ON CONFLICT (provider, subject) DO UPDATE SET name = excluded.name"
      " WHERE name <> excluded.name",
      {provider, subject, name, ToUnixMs(now)});
  if (!done) return Wrap(std::move(done).error(), "write a user");
  auto user = FindUser(database, provider, subject);
  if (!user) return std::move(user).error();
  if (!*user) return Internal("the user just written is not there");
  return std::move(**user);
}

Result<void> NoteSignIn(Database& database, std::int64_t user_id, WallTime now) {
  auto done =
      database.Run("UPDATE users SET last_sign_in_at = ?2 WHERE id = ?1", {user_id, ToUnixMs(now)});
  if (!done) return Wrap(std::move(done).error(), "note a sign-in");
  return Ok();
}

Result<bool> HasAnybodySignedIn(Database& database) {
  auto row = database.First("SELECT 1 FROM users WHERE last_sign_in_at IS NOT NULL LIMIT 1", {},
                            [](const Row&) { return true; });
  if (!row) return std::move(row).error();
  return row->has_value();
}

}  // namespace berth::store
