// AgentTokens: what agents prove themselves with, kept in memory over the store.
//
// A token lets its holder register instances of its owner (all of them, or those it is limited to),
// and nothing else, until it is revoked or expires. It is shown once and stored as a hash. Revoking
// counts at once and is then written, again and again if the disk fails; tokens that another
// process makes or revokes come in by Reload().
//
// Lives on one loop, together with everything that holds one of its tokens.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/event.h"
#include "base/hash.h"
#include "base/random.h"
#include "base/secret.h"
#include "base/wall_clock.h"
#include "store/store.h"
#include "store/tokens.h"

namespace berth::identity {

/// What a token is good for.
struct AgentTokenTerms {
  std::vector<std::string> instance_ids = {};  ///< The only ids it may register; empty: any.
  std::optional<WallTime> expires_at = {};     ///< Nothing: never.
};

/// One valid token, shared by the table and by the tunnels that it let in.
struct AgentToken {
  AgentToken(Executor& executor, const store::TokenRow& row);
  /// The same anew, not ended.
  AgentToken(Executor& executor, const AgentToken& other);

  const std::string id;  ///< Not a secret.
  const std::int64_t user_id;
  const std::string name;
  const WallTime created_at;
  const AgentTokenTerms terms;
  /// Set when the token is revoked or has expired: close what it opened.
  mutable Event ended;

  /// Whether its terms let it register this id.
  bool MayRegister(std::string_view instance_id) const;
  bool HasExpired(WallTime now) const { return terms.expires_at && now >= *terms.expires_at; }
};
using AgentTokenPtr = std::shared_ptr<const AgentToken>;

/// What is shown of a token.
struct AgentTokenListing {
  std::string id;
  std::string name;
  WallTime created_at;
  std::optional<WallTime> last_used_at;
  AgentTokenTerms terms;
};

/// A new token; `text` is shown once.
struct CreatedAgentToken {
  std::string id;
  std::string name;
  Secret text;
};

/// How many agent tokens one user may have, expired ones counted; as many revoked ones are kept
/// besides, to be listed.
inline constexpr std::int64_t kMaxAgentTokensPerUser = 1000;

/// Makes a token directly in a database; for commands. Call it in a transaction. `name`: 1 to 100
/// bytes without control characters; `terms`: at most 64 ids, each a host label, and a time to
/// come. kInvalid otherwise. kConflict: the user has kMaxAgentTokensPerUser.
Result<CreatedAgentToken> CreateAgentToken(store::Database& database, std::int64_t user_id,
                                           std::string_view name, AgentTokenTerms terms,
                                           WallTime now, const RandomSource& random);

class AgentTokens {
 public:
  /// Everything handed in must outlive this object.
  AgentTokens(Executor& executor, store::Store& store, WallClock clock, RandomSource random);
  ~AgentTokens();
  AgentTokens(const AgentTokens&) = delete;
  AgentTokens& operator=(const AgentTokens&) = delete;

  /// Brings memory in line with the store. After a failure everything is as it was.
  Task<Result<void>> Reload();

  /// The token that this text is (what follows "Bearer "), or null. Counts as a use.
  AgentTokenPtr Authenticate(std::string_view text);

  /// As CreateAgentToken().
  Task<Result<CreatedAgentToken>> Create(std::int64_t user_id, std::string name,
                                         AgentTokenTerms terms = {});
  /// Ends the tokens whose time is over. Cheap; to be called about twice a second.
  void EndExpired();
  /// Ends the token at once, then writes it. kNotFound: that user has no such token.
  /// kUnavailable: it is ended, and it will be written later, unless the process dies before.
  Task<Result<void>> Revoke(std::int64_t user_id, std::string id);

  /// The user's tokens that are not revoked, expired ones too, the newest first.
  std::vector<AgentTokenListing> List(std::int64_t user_id) const;

  /// Writes what is not written yet.
  Task<Result<void>> Flush();

 private:
  struct Entry {
    std::shared_ptr<AgentToken> token;
    Sha256Digest secret_hash{};
    std::optional<WallTime> last_used_at;
    bool is_dirty = false;
  };
  struct TextHash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  void Replace(std::vector<store::TokenRow> rows);
  /// A token in memory, made of its row or of one that ended; EndExpired() will end it in time.
  template <class Source>
  std::shared_ptr<AgentToken> Begin(const Source& source);

  Executor& executor_;
  store::Store& store_;
  const WallClock clock_;
  const RandomSource random_;
  std::unordered_map<std::string, Entry, TextHash, std::equal_to<>> entries_;
  WallTime next_due_ = WallTime::max();  ///< Nothing expires before this.
  std::set<std::string> unwritten_;      ///< Revoked; their rows may still say otherwise.
};

}  // namespace berth::identity
