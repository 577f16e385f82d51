// SignInStates: sign-ins that wait for their browser to come back from the provider.
//
// Each has a state, which goes through the provider and comes back once, and a cookie value, which
// only the browser that began has: a callback needs both. Kept in memory, hashed, for minutes:
// after a restart of the hub the user begins again. Lives on one loop.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/hash.h"
#include "base/random.h"
#include "base/secret.h"
#include "base/wall_clock.h"

namespace berth::identity {

/// What is handed out when a sign-in begins.
struct BegunSignIn {
  std::string state;      ///< For the provider.
  std::string challenge;  ///< PKCE S256, for the provider.
  std::string nonce;      ///< For the provider, if it speaks OpenID Connect.
  Secret browser;         ///< For the browser's cookie.
};

/// What was kept of it.
struct PendingSignIn {
  Secret verifier;
  std::string nonce;
  std::string next;  ///< Where the user wanted to go.
};

class SignInStates {
 public:
  SignInStates(std::chrono::milliseconds lifetime, WallClock clock, RandomSource random);

  /// Many at once push out the oldest.
  BegunSignIn Begin(std::string_view provider, std::string next);

  /// Uses a state up: nothing if it is unknown, used, too old, of another provider or of another
  /// browser.
  std::optional<PendingSignIn> Take(std::string_view provider, std::string_view state,
                                    std::string_view browser);

  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Sha256Digest state_hash{};
    Sha256Digest browser_hash{};
    std::string provider;
    PendingSignIn pending;
    WallTime expires_at;
  };
  void DropOld(WallTime now);

  const std::chrono::milliseconds lifetime_;
  const WallClock clock_;
  const RandomSource random_;
  std::unordered_map<std::string, Entry> entries_;
  std::deque<std::string> by_age_;  ///< Ids, the oldest first; used ones too until their time.
};

}  // namespace berth::identity
