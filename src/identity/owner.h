// The hub's one local owner, who exists from the first start on.
#pragma once

#include "base/wall_clock.h"
#include "store/users.h"

namespace berth::identity {

/// The owner, made if this is the first time. Call it in a transaction.
Result<store::User> EnsureOwner(store::Database& database, WallTime now);

}  // namespace berth::identity
