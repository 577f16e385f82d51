// ID tokens (OpenID Connect Core 1.0, section 3.1.3.7): parsing, and every check that they need.
//
// ParseIdToken only takes the text apart; nothing in it counts before CheckIdToken.
#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/wall_clock.h"
#include "identity/jwks.h"

namespace berth::identity {

/// A signed token, taken apart; the signature is not checked yet.
struct IdToken {
  std::string signed_text = {};  ///< Header and claims as they are signed.
  std::string signature = {};    ///< Decoded.
  SignatureKind kind{};
  std::string key_id = {};  ///< "" for none.
  boost::json::object claims = {};
};

/// kInvalid: not a compact JWS of at most 64 KiB with a signature of a kind that we take, or with
/// header fields that we must understand and do not ("crit").
Result<IdToken> ParseIdToken(std::string_view text);

/// What a token must say to be for us, now.
struct IdTokenDemands {
  std::string_view issuer = {};
  std::string_view client_id = {};
  /// What we sent; nothing: the token comes without a browser (a refresh), where it may lack.
  std::optional<std::string_view> nonce = {};
  WallTime now = {};
};

/// Checks signature and claims (iss, aud, azp, exp, nbf, iat, nonce, sub; clocks may differ by a
/// minute). kUnauthorized says which is not as it must be.
Result<void> CheckIdToken(const IdToken& token, const PublicKey& key,
                          const IdTokenDemands& demands);

}  // namespace berth::identity
