// Facts about the hub itself, by name, that other commands on the same machine want to know.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store/database.h"

namespace berth::store {

/// The address of the running (or last) hub, without a trailing slash: "http://127.0.0.1:8787".
/// The hub writes it when it starts; sign-in links are made from it.
inline constexpr std::string_view kPublicUrlKey = "public_url";

Result<std::optional<std::string>> ReadMeta(Database& database, std::string_view key);
Result<void> WriteMeta(Database& database, std::string_view key, std::string_view value);

}  // namespace berth::store
