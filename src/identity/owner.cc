#include "identity/owner.h"

namespace berth::identity {

Result<store::User> EnsureOwner(store::Database& database, WallTime now) {
  auto owner = store::EnsureUser(database, "local", "owner", "owner", now);
  if (!owner || owner->role == store::HubRole::kOwner) return owner;
  auto done = store::SetUserRole(database, owner->id, store::HubRole::kOwner);
  if (!done) return std::move(done).error();
  owner->role = store::HubRole::kOwner;
  return owner;
}

}  // namespace berth::identity
