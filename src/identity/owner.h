// People whom nobody but this hub vouches for: its one owner, who exists from the first start on,
// and those whom whoever may read the data folder names.
#pragma once

#include <string>
#include <string_view>

#include "base/wall_clock.h"
#include "store/users.h"

namespace berth::identity {

/// The owner, made if this is the first time. Call it in a transaction.
Result<store::User> EnsureOwner(store::Database& database, WallTime now);

struct LocalUser {
  store::User user;
  /// For the audit log: "for anna", and what that changed: ", made a member" or ", admitted again".
  std::string for_whom;
};

/// Somebody of that name ("owner" is the owner), made a member if there is none yet, and no longer
/// removed. Call it in a transaction. kInvalid: the name is not 1 to 64 of a-z, A-Z, 0-9 and
/// "._@-".
Result<LocalUser> EnsureLocalUser(store::Database& database, std::string_view name, WallTime now);

}  // namespace berth::identity
