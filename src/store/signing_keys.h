// Rows of the signing_keys table: the hub's keys towards agents.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/wall_clock.h"
#include "store/database.h"

namespace berth::store {

struct SigningKeyRow {
  std::string id = {};  ///< 16 hexadecimal digits.
  std::vector<std::byte> public_key = {};
  std::vector<std::byte> sealed_private_key = {};
  WallTime created_at = {};
};

Result<void> InsertSigningKey(Database& database, const SigningKeyRow& key);
/// The newest first.
Result<std::vector<SigningKeyRow>> ListSigningKeys(Database& database);
/// Whether it was there.
Result<bool> DeleteSigningKey(Database& database, std::string_view id);

}  // namespace berth::store
