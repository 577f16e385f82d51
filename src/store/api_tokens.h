// Rows of the api_tokens table: what scripts prove themselves with towards the API.
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

struct ApiTokenRow {
  std::string id = {};  ///< 16 hexadecimal digits; not a secret.
  Sha256Digest secret_hash{};
  std::int64_t user_id = 0;  ///< In whose name it acts.
  std::string name = {};
  std::vector<std::string> scopes = {};
  WallTime created_at = {};
  std::optional<WallTime> expires_at = {};  ///< Nothing: never.
  std::optional<WallTime> last_used_at = {};
};

Result<void> InsertApiToken(Database& database, const ApiTokenRow& token);
/// All of them, the newest first.
Result<std::vector<ApiTokenRow>> ListApiTokens(Database& database);
/// How many that user has.
Result<std::int64_t> CountApiTokens(Database& database, std::int64_t user_id);
/// Whether it was there.
Result<bool> DeleteApiToken(Database& database, std::string_view id);
Result<void> NoteApiTokenUse(Database& database, std::string_view id, WallTime used);

}  // namespace berth::store
