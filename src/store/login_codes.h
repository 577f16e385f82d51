// Rows of the login_codes table: sign-in links that nobody has used yet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/wall_clock.h"
#include "store/database.h"

namespace berth::store {

struct LoginCodeRow {
  std::string id;
  Sha256Digest secret_hash{};
  std::int64_t user_id = 0;
  WallTime created_at;
  WallTime expires_at;
};

Result<void> InsertLoginCode(Database& database, const LoginCodeRow& code);
Result<std::optional<LoginCodeRow>> FindLoginCode(Database& database, std::string_view id);
/// Whether it was there.
Result<bool> DeleteLoginCode(Database& database, std::string_view id);
Result<void> DeleteExpiredLoginCodes(Database& database, WallTime now);

}  // namespace berth::store
