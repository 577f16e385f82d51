// People: rows of the users table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/wall_clock.h"
#include "store/database.h"

namespace berth::store {

/// What somebody is on this hub. What they are to one instance is in shares.h.
enum class HubRole {
  kOwner,   ///< Manages people and settings; reads the whole audit log.
  kMember,  ///< Has instances, and opens those shared with them.
};
std::string_view ToString(HubRole role);

struct User {
  std::int64_t id = 0;
  std::string provider;  ///< Who vouches for them: "local", "github" or "oidc".
  std::string subject;   ///< The provider's stable id: never a name, which may change hands.
  std::string name;      ///< For showing.
  WallTime created_at;
  std::optional<WallTime> last_sign_in_at;  ///< Nothing: never.
  HubRole role = HubRole::kMember;
  std::string login;                ///< The provider's name for them at checked_at; "" for local.
  std::string avatar_url;           ///< "" for none.
  std::vector<std::string> groups;  ///< "org" and "org/team", as of groups_at.
  /// What groups are by GitHub's number of the org, in their order: "7" and "7/team-slug". Empty of
  /// other providers, whose groups have names only.
  std::vector<std::string> group_ids;
  std::optional<WallTime> groups_at;         ///< When the provider last told the groups.
  std::optional<WallTime> checked_at;        ///< When the provider last confirmed all this.
  bool is_removed = false;                   ///< The policy no longer admits them.
  std::vector<std::byte> sealed_credential;  ///< For asking the provider again; may be empty.
};

/// What a provider says of somebody who signs in or is looked at again.
struct UserProfile {
  std::string name;
  std::string login;
  std::string avatar_url;
  /// Nothing: the provider says nothing of groups now, and what it said last stands.
  std::optional<std::vector<std::string>> groups = std::vector<std::string>();
  std::vector<std::string> group_ids;  ///< As in User; told together with groups.
  std::vector<std::byte> sealed_credential;
};

Result<std::optional<User>> FindUser(Database& database, std::int64_t id);
Result<std::optional<User>> FindUser(Database& database, std::string_view provider,
                                     std::string_view subject);
/// Everybody, by name.
Result<std::vector<User>> ListUsers(Database& database);

/// The user with that provider and subject, made if there is none; the name is brought up to date.
Result<User> EnsureUser(Database& database, std::string_view provider, std::string_view subject,
                        std::string_view name, WallTime now);

/// Writes what the provider says at `now` and that the policy admits them. kNotFound if there is
/// no such user.
Result<void> SetUserProfile(Database& database, std::int64_t user_id, const UserProfile& profile,
                            WallTime now);
/// For those who are not removed. kNotFound if there is no such user.
Result<void> SetUserCredential(Database& database, std::int64_t user_id,
                               const std::vector<std::byte>& sealed);
/// kNotFound if there is no such user.
Result<void> SetUserRole(Database& database, std::int64_t user_id, HubRole role);
/// Whether the policy still admits them. Removing forgets groups and credential. kNotFound if there
/// is no such user.
Result<void> SetUserRemoved(Database& database, std::int64_t user_id, bool is_removed);

Result<void> NoteSignIn(Database& database, std::int64_t user_id, WallTime now);

/// Whether any user ever signed in.
Result<bool> HasAnybodySignedIn(Database& database);

}  // namespace berth::store
