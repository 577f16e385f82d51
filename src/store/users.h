// Who may sign in: rows of the users table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/wall_clock.h"
#include "store/database.h"

namespace berth::store {

struct User {
  std::int64_t id = 0;
  std::string provider;  ///< Who vouches for them: "local", later "github".
  std::string subject;   ///< The provider's stable id: never a name, which may change hands.
  std::string name;      ///< For showing.
  WallTime created_at;
  std::optional<WallTime> last_sign_in_at;  ///< Nothing: never.
};

Result<std::optional<User>> FindUser(Database& database, std::int64_t id);
Result<std::optional<User>> FindUser(Database& database, std::string_view provider,
                                     std::string_view subject);

/// The user with that provider and subject, made if there is none; the name is brought up to date.
Result<User> EnsureUser(Database& database, std::string_view provider, std::string_view subject,
                        std::string_view name, WallTime now);

Result<void> NoteSignIn(Database& database, std::int64_t user_id, WallTime now);

/// Whether any user ever signed in.
Result<bool> HasAnybodySignedIn(Database& database);

}  // namespace berth::store
