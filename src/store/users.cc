#include "store/users.h"

#include "store/lines_column.h"

namespace berth::store {
namespace {

// A macro, because statements are literals (database.h).
#define BERTH_USER_COLUMNS                                                             \
  "id, provider, subject, name, created_at, last_sign_in_at, role, login, avatar_url," \
  " groups, checked_at, is_removed, sealed_credential, groups_at, group_ids"

User ToUser(const Row& row) {
  User user;
  user.id = row.Integer(0);
  user.provider = row.String(1);
  user.subject = row.String(2);
  user.name = row.String(3);
  user.created_at = row.Time(4);
  user.last_sign_in_at = row.TimeOrNull(5);
  user.role = row.Text(6) == ToString(HubRole::kOwner) ? HubRole::kOwner : HubRole::kMember;
  user.login = row.String(7);
  user.avatar_url = row.String(8);
  user.groups = FromLines(row.Text(9));
  user.checked_at = row.TimeOrNull(10);
  user.is_removed = row.Integer(11) != 0;
  const auto sealed = row.Blob(12);
  user.sealed_credential.assign(sealed.begin(), sealed.end());
  user.groups_at = row.TimeOrNull(13);
  user.group_ids = FromLines(row.Text(14));
  return user;
}

/// The end of a change of one user's row.
Result<void> Changed(Result<std::int64_t> rows, std::string_view doing) {
  if (!rows) return Wrap(std::move(rows).error(), doing);
  if (*rows == 0) return NotFound("there is no such user");
  return Ok();
}

}  // namespace

std::string_view ToString(HubRole role) { return role == HubRole::kOwner ? "owner" : "member"; }

Result<std::optional<User>> FindUser(Database& database, std::int64_t id) {
  return database.First("SELECT " BERTH_USER_COLUMNS " FROM users WHERE id = ?1", {id}, ToUser);
}

Result<std::optional<User>> FindUser(Database& database, std::string_view provider,
                                     std::string_view subject) {
  return database.First("SELECT " BERTH_USER_COLUMNS
                        " FROM users WHERE provider = ?1 AND subject = ?2",
                        {provider, subject}, ToUser);
}

Result<std::vector<User>> ListUsers(Database& database) {
  return database.All("SELECT " BERTH_USER_COLUMNS " FROM users ORDER BY name, id", {}, ToUser);
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

Result<void> SetUserProfile(Database& database, std::int64_t user_id, const UserProfile& profile,
                            WallTime now) {
  return Changed(
      database.Run("UPDATE users SET name = ?2, login = ?3, avatar_url = ?4,"
                   " groups = coalesce(?5, groups), groups_at = iif(?5 IS NULL, groups_at, ?7),"
                   " group_ids = iif(?5 IS NULL, group_ids, ?8),"
                   " sealed_credential = ?6, checked_at = ?7, is_removed = 0 WHERE id = ?1",
                   {user_id, profile.name, profile.login, profile.avatar_url,
                    profile.groups ? Value(ToLines(*profile.groups)) : Value(),
                    profile.sealed_credential.empty() ? Value() : Value(profile.sealed_credential),
                    ToUnixMs(now), ToLines(profile.group_ids)}),
      "write a user's profile");
}

Result<void> SetUserCredential(Database& database, std::int64_t user_id,
                               const std::vector<std::byte>& sealed) {
  return Changed(
      database.Run("UPDATE users SET sealed_credential = ?2 WHERE id = ?1 AND is_removed = 0",
                   {user_id, Value(sealed)}),
      "write a user's credential");
}

Result<void> SetUserRole(Database& database, std::int64_t user_id, HubRole role) {
  return Changed(
      database.Run("UPDATE users SET role = ?2 WHERE id = ?1", {user_id, ToString(role)}),
      "write a user's role");
}

Result<void> SetUserRemoved(Database& database, std::int64_t user_id, bool is_removed) {
  return Changed(
      database.Run("UPDATE users SET is_removed = ?2,"
                   " groups = CASE ?2 WHEN 1 THEN '' ELSE groups END,"
                   " group_ids = CASE ?2 WHEN 1 THEN '' ELSE group_ids END,"
                   " sealed_credential = CASE ?2 WHEN 1 THEN NULL ELSE sealed_credential END"
                   " WHERE id = ?1",
                   {user_id, static_cast<std::int64_t>(is_removed)}),
      "admit or remove a user");
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
