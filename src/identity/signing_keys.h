// SigningKeys: what the hub signs with towards agents, so that an agent can tell its hub from
// whoever else may have got hold of a tunnel.
//
// The first key is made when the hub starts for the first time. Rotating (berth key rotate) makes a
// new one; the one before lives on beside it, to vouch for it, and to be known to agents that have
// not heard of the new one. So there are one or two. Private halves are kept sealed (base/seal.h).
// Lives on one loop.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "base/ed25519.h"
#include "base/random.h"
#include "base/seal.h"
#include "base/wall_clock.h"
#include "store/signing_keys.h"
#include "store/store.h"

namespace berth::identity {

/// A running agent takes a new key at once, one that is away when it comes back, as long as the key
/// that it knows is still there. Rotating again within this time would cut off many.
inline constexpr std::chrono::hours kRotationPause{24};

class SigningKeys {
 public:
  /// Everything handed in must outlive this object.
  SigningKeys(store::Store& store, const Sealer& sealer, WallClock clock, RandomSource random);

  /// Brings memory in line with the store, and makes the first key if there is none. After a
  /// failure everything is as it was. kInvalid: the keys are sealed with another key than ours.
  Task<Result<void>> Reload();

  /// The newest first; at least one after a successful Reload.
  const std::vector<Ed25519PrivateKey>& list() const { return keys_; }
  /// The key of that id, or null. Valid until the keys next change.
  const Ed25519PrivateKey* Find(std::string_view id) const;
  /// `on_change` is called when Reload found other keys than before.
  void SetOnChange(std::function<void()> on_change) { on_change_ = std::move(on_change); }

 private:
  store::Store& store_;
  const Sealer& sealer_;
  const WallClock clock_;
  const RandomSource random_;
  std::vector<Ed25519PrivateKey> keys_;
  std::function<void()> on_change_;
};

/// Makes a key the newest; of those before, the newest one that `sealer` can open stays. For
/// commands: call it in a transaction. Gives the new key's id. kConflict: the last rotation was
/// less than kRotationPause ago, and `is_forced` is false.
Result<std::string> RotateSigningKey(store::Database& database, const Sealer& sealer, WallTime now,
                                     const RandomSource& random, bool is_forced);

}  // namespace berth::identity
