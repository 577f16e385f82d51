// Credential: an id that is no secret, and a 256-bit secret. Sessions, sign-in codes, tickets and
// tokens are all one of these, in two spellings.
//
// Whoever checks one looks it up by its id and compares the secret's hash in constant time, so that
// neither a database nor a stop-watch gives a secret away.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/random.h"
#include "base/secret.h"

namespace berth::identity {

/// What a presented credential says it is. The secret itself is not kept.
struct PresentedCredential {
  std::string_view id;  ///< A view of the parsed text.
  Sha256Digest secret_hash{};
};

/// A new credential: what to store, and what to hand out, once.
struct IssuedCredential {
  std::string id;              ///< 16 lower-case hexadecimal digits.
  Sha256Digest secret_hash{};  ///< SHA-256 of the 32 secret bytes.
  Secret text;                 ///< What its holder presents.
};

/// "<16 hex>.<43 base64url>": cookies, sign-in codes and tickets.
IssuedCredential IssueCompact(const RandomSource& random);
/// Nothing unless `text` has exactly that form.
std::optional<PresentedCredential> ParseCompact(std::string_view text);
/// Whether `text` has that form; cheaper, for it hashes nothing.
bool IsCompact(std::string_view text);

/// "ao_<16 hex>_<64 hex>": agent tokens.
IssuedCredential IssueAgentToken(const RandomSource& random);
/// Nothing unless `text` has exactly that form.
std::optional<PresentedCredential> ParseAgentToken(std::string_view text);

/// "bt_<16 hex>_<64 hex>": what scripts present to the API.
IssuedCredential IssueApiToken(const RandomSource& random);
/// Nothing unless `text` has exactly that form.
std::optional<PresentedCredential> ParseApiToken(std::string_view text);

/// Whether a token may be called that: 1 to 100 bytes without control characters.
bool IsTokenName(std::string_view name);

}  // namespace berth::identity
