#include "identity/owner.h"

namespace berth::identity {

Result<store::User> EnsureOwner(store::Database& database, WallTime now) {
  return store::EnsureUser(database, "local", "owner", "owner", now);
}

}  // namespace berth::identity
