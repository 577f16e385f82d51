// Rows of the tokens table: what agents prove themselves with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/wall_clock.h"
#include "store/database.h"

namespace berth::store {

struct TokenRow {
  std::string id;  ///< 16 hexadecimal digits; not a secret.
  Sha256Digest secret_hash{};
  std::int64_t user_id = 0;  ///< Whose instances it may register.
  std::string name;
  WallTime created_at;
  std::optional<WallTime> last_used_at;
  std::optional<WallTime> revoked_at;
  std::vector<std::string> instance_ids = {};  ///< The only ids it may register; empty: any.
  std::optional<WallTime> expires_at = {};     ///< Nothing: never.
};

Result<void> InsertToken(Database& database, const TokenRow& token);
/// The tokens of a user that are not revoked; expired ones count.
Result<std::int64_t> CountTokens(Database& database, std::int64_t user_id);
/// Forgets revoked tokens of a user, but for the `most` that were revoked last.
Result<void> ForgetRevokedTokens(Database& database, std::int64_t user_id, std::int64_t most);
/// All of them, revoked ones too, the newest first.
Result<std::vector<TokenRow>> ListTokens(Database& database);
/// Whether that was still to be done; kNotFound if there is none.
Result<bool> RevokeToken(Database& database, std::string_view id, WallTime now);
Result<void> NoteTokenUse(Database& database, std::string_view id, WallTime used);

}  // namespace berth::store
