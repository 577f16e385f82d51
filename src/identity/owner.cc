#include "identity/owner.h"

#include <utility>

#include "base/log.h"

namespace berth::identity {
namespace {

constexpr std::string_view kLocal = "local";
constexpr std::string_view kOwnerName = "owner";
constexpr std::size_t kMaxName = 64;
constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@-";

}  // namespace

Result<store::User> EnsureOwner(store::Database& database, WallTime now) {
  auto owner = store::EnsureUser(database, kLocal, kOwnerName, kOwnerName, now);
  if (!owner || owner->role == store::HubRole::kOwner) return owner;
  auto done = store::SetUserRole(database, owner->id, store::HubRole::kOwner);
  if (!done) return std::move(done).error();
  owner->role = store::HubRole::kOwner;
  return owner;
}

Result<LocalUser> EnsureLocalUser(store::Database& database, std::string_view name, WallTime now) {
  const bool is_name = !name.empty() && name.size() <= kMaxName &&
                       name.find_first_not_of(kNameCharacters) == std::string_view::npos;
  if (!is_name) {
    return Invalid(fmt::format("\"{}\" is no name: 1 to {} of a-z, A-Z, 0-9 and \"._@-\"",
                               ForLog(name), kMaxName));
  }
  std::string for_whom = fmt::format("for {}", name);
  if (name == kOwnerName) {
    auto owner = EnsureOwner(database, now);
    if (!owner) return std::move(owner).error();
    return LocalUser{.user = std::move(*owner), .for_whom = std::move(for_whom)};
  }
  auto known = store::FindUser(database, kLocal, name);
  if (!known) return std::move(known).error();
  if (!*known) for_whom += ", made a member";
  auto user = store::EnsureUser(database, kLocal, name, name, now);
  if (!user) return std::move(user).error();
  if (std::exchange(user->is_removed, false)) {
    auto done = store::SetUserRemoved(database, user->id, false);
    if (!done) return std::move(done).error();
    for_whom += ", admitted again";
  }
  return LocalUser{.user = std::move(*user), .for_whom = std::move(for_whom)};
}

}  // namespace berth::identity
