// ApiTokens: what scripts prove themselves with towards the hub's API, kept in memory over the
// store.
//
// A token acts in its user's name, within its scopes, until it expires or is revoked. It is shown
// once and stored as a hash. Revoking counts at once and is then written, again and again if the
// disk fails. Lives on one loop.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "base/random.h"
#include "base/secret.h"
#include "base/wall_clock.h"
#include "identity/scope.h"
#include "store/api_tokens.h"
#include "store/store.h"

namespace berth::identity {

/// One token.
struct ApiToken {
  std::string id = {};  ///< Not a secret.
  std::int64_t user_id = 0;
  std::string name = {};
  std::vector<Scope> scopes = {};
  WallTime created_at = {};
  std::optional<WallTime> expires_at = {};  ///< Nothing: never.

  bool Allows(Scope scope) const;
};
using ApiTokenPtr = std::shared_ptr<const ApiToken>;

/// One row of the list of tokens.
struct ApiTokenListing {
  ApiTokenPtr token;
  std::optional<WallTime> last_used_at;
};

/// What a new token is to be.
struct NewApiToken {
  std::int64_t user_id = 0;
  std::string name = {};           ///< 1 to 100 bytes without control characters.
  std::vector<Scope> scopes = {};  ///< At least one.
  std::optional<WallTime> expires_at = {};
};

/// A new token; `text` is shown once.
struct CreatedApiToken {
  ApiTokenPtr token;
  Secret text;
};

class ApiTokens {
 public:
  /// How many one user may have, expired ones counted.
  static constexpr std::int64_t kMaxPerUser = 100;

  /// Everything handed in must outlive this object.
  ApiTokens(store::Store& store, WallClock clock, RandomSource random);

  /// Brings memory in line with the store. After a failure everything is as it was.
  Task<Result<void>> Reload();

  /// The token that this text is (what follows "Bearer "), or null. Counts as a use.
  ApiTokenPtr Authenticate(std::string_view text);

  /// Whether a token that was authenticated still counts. For what stays open for long.
  bool IsAlive(const ApiToken& token) const;

  /// kInvalid: the name, no scope, or an expiry that is past. kConflict: the user has kMaxPerUser.
  Task<Result<CreatedApiToken>> Create(NewApiToken wanted);
  /// Ends the token at once, then writes it. kNotFound: that user has no such token.
  /// kUnavailable: it is ended, and it will be written later, unless the process dies before.
  Task<Result<void>> Revoke(std::int64_t user_id, std::string id);

  /// The user's tokens, expired ones too, the newest first.
  std::vector<ApiTokenListing> List(std::int64_t user_id) const;

  /// Writes what is not written yet.
  Task<Result<void>> Flush();

 private:
  struct Entry {
    ApiTokenPtr token;
    Sha256Digest secret_hash{};
    std::optional<WallTime> last_used_at;
    bool is_dirty = false;
  };
  struct TextHash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  void Insert(const store::ApiTokenRow& row);

  store::Store& store_;
  const WallClock clock_;
  const RandomSource random_;
  std::unordered_map<std::string, Entry, TextHash, std::equal_to<>> entries_;
  std::set<std::string> unwritten_;  ///< Revoked; their rows may still be there.
};

}  // namespace berth::identity
