// Rows of the instances table: what the hub remembers of an instance while its agent is away.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/wall_clock.h"
#include "store/database.h"

namespace berth::store {

struct InstanceRow {
  std::string id;            ///< The wire's client_id; one owner in the whole hub.
  std::int64_t user_id = 0;  ///< The owner.
  std::string label;         ///< What the owner calls it; "" for none.
  std::string metadata;      ///< JSON text, as last registered or brought up to date since.
  WallTime first_seen_at;
  WallTime last_seen_at;
};

/// Makes the instance, or brings its metadata and last_seen_at up to date. The id is that user's
/// from then on, for good. kForbidden: it is another user's; the message is for whoever asked.
Result<InstanceRow> ClaimInstance(Database& database, std::string_view id, std::int64_t user_id,
                                  std::string_view metadata, WallTime now);

/// Whether that user has fewer than `most` instances; true as well if the instance `id` is not new.
Result<bool> HasRoomForInstance(Database& database, std::string_view id, std::int64_t user_id,
                                std::uint64_t most);

Result<std::optional<InstanceRow>> FindInstance(Database& database, std::string_view id);
Result<std::vector<InstanceRow>> ListInstances(Database& database);
Result<void> NoteInstanceSeen(Database& database, std::string_view id, WallTime now);
/// Ignored if there is none of this id.
Result<void> SetInstanceMetadata(Database& database, std::string_view id,
                                 std::string_view metadata);
/// Sets what its owner calls it. kNotFound if that user has none of this id.
Result<void> SetInstanceLabel(Database& database, std::string_view id, std::int64_t user_id,
                              std::string_view label);
/// With its shares. The id stays its owner's. Whether it was there.
Result<bool> DeleteInstance(Database& database, std::string_view id);
/// Makes an id nobody's. kConflict: there is an instance of it; kNotFound: nobody has it. The
/// messages are for whoever asked.
Result<void> ReleaseId(Database& database, std::string_view id);

}  // namespace berth::store
