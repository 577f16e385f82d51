// Rows of the shares table: who else may open an instance, as what, and until when.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/wall_clock.h"
#include "store/database.h"

namespace berth::store {

/// Whom a share is for.
enum class ShareKind {
  kUser,      ///< One person; the subject is their id in decimal.
  kGroup,     ///< An org, or a team as "org/team-slug".
  kEveryone,  ///< Whoever may sign in to this hub; the subject is "".
};
std::string_view ToString(ShareKind kind);
std::optional<ShareKind> ParseShareKind(std::string_view text);

/// What a share allows.
enum class ShareRole {
  kOperator,  ///< Use it in full.
  kViewer,    ///< Look only.
};
std::string_view ToString(ShareRole role);
std::optional<ShareRole> ParseShareRole(std::string_view text);

struct ShareRow {
  std::int64_t id = 0;
  std::string instance_id = {};
  ShareKind kind = ShareKind::kUser;
  std::string subject = {};
  std::string group_id = {};  ///< Of a group, as in User::group_ids; "": it goes by its name.
  ShareRole role = ShareRole::kViewer;
  std::int64_t created_by = 0;
  WallTime created_at = {};
  std::optional<WallTime> expires_at = {};  ///< Nothing: for ever.
};

/// Writes it and gives it its id; one that is there for the same instance, kind and subject is
/// replaced. kConflict: the instance does not belong to `created_by`, or not any more.
Result<std::int64_t> PutShare(Database& database, const ShareRow& share);
/// All of them. A row whose kind or role this berth does not know is left out.
Result<std::vector<ShareRow>> ListShares(Database& database);
/// Says which group a share means that goes by its name. Nothing happens to others.
Result<void> SetShareGroup(Database& database, std::int64_t id, std::string_view group_id);
/// Whether it was there.
Result<bool> DeleteShare(Database& database, std::int64_t id);

}  // namespace berth::store
