// Sign-in links: a code that signs its user in once, within minutes.
//
// `berth login-link` makes one on the hub's machine; the browser carries it in the fragment of
// /login#CODE, which is never sent, and the page posts it. Stored as a hash.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/random.h"
#include "base/secret.h"
#include "base/wall_clock.h"
#include "store/store.h"

namespace berth::identity {

/// A new code for that user. Call it in a transaction.
Result<Secret> IssueLoginCode(store::Database& database, std::int64_t user_id,
                              std::chrono::milliseconds lifetime, WallTime now,
                              const RandomSource& random);

/// Issuing and redeeming on the store's thread.
class LoginCodes {
 public:
  /// Everything handed in must outlive this object.
  LoginCodes(store::Store& store, std::chrono::milliseconds lifetime, WallClock clock,
             RandomSource random);

  Task<Result<Secret>> Issue(std::int64_t user_id);
  /// Uses a code up: the user that signs in; follow it with Sessions::Create. kUnauthorized:
  /// unknown, used, expired, older than the lifetime, whatever it was issued for, or malformed.
  /// kUnavailable: the code is as good as before.
  Task<Result<std::int64_t>> Redeem(Secret text);

 private:
  store::Store& store_;
  const std::chrono::milliseconds lifetime_;
  const WallClock clock_;
  const RandomSource random_;
};

}  // namespace berth::identity
