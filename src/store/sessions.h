// Rows of the sessions table. identity/sessions.h is what the hub uses: it keeps them in memory.
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

struct SessionRow {
  std::string id;
  Sha256Digest secret_hash{};
  std::int64_t user_id = 0;
  std::optional<std::string> parent_id;    ///< Of a child: the session it dies with.
  std::optional<std::string> instance_id;  ///< Of a child: the one instance it opens.
  WallTime created_at;
  WallTime last_used_at;
  WallTime expires_at;
  std::string address;     ///< Where it was made from.
  std::string user_agent;  ///< What the browser calls itself.
};

Result<void> InsertSession(Database& database, const SessionRow& session);
Result<std::vector<SessionRow>> ListSessions(Database& database);
/// Deletes the session and its children. Success if there is none.
Result<void> DeleteSession(Database& database, std::string_view id);
/// It was used last at `used`, and ends at `expires_at` if it would later.
Result<void> NoteSessionUse(Database& database, std::string_view id, WallTime used,
                            WallTime expires_at);

}  // namespace berth::store
