// The audit table: what happened, who did it and how it ended. Rows are only ever added, and each
// one's hash covers its contents and the hash before it, so that a row changed, left out or put in
// later shows. Cutting off the end does not show in the file alone: keep the last hash elsewhere.
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

struct AuditEntry {
  WallTime at = {};
  std::optional<std::int64_t> actor_id = {};  ///< The user; nothing if nobody is signed in.
  std::string actor = {};                     ///< How the user, token or command is called.
  std::string action = {};                    ///< "sign_in", "share_create", ...: identity/audit.h.
  std::string instance_id = {};               ///< "" where none is meant.
  std::string address = {};                   ///< From where; "" for commands on the hub's machine.
  std::string result = {};                    ///< "ok", "denied" or "failed".
  std::string detail = {};                    ///< A few words; never a secret.
};

struct AuditRow {
  std::int64_t seq = 0;  ///< 1, 2, 3, ... without gaps.
  AuditEntry entry = {};
  Sha256Digest hash{};
};

/// The hash of a row that follows one with hash `previous` (all zeros for the first).
Sha256Digest AuditHash(const Sha256Digest& previous, std::int64_t seq, const AuditEntry& entry);

/// Adds a row. Call it in a transaction.
Result<void> AppendAudit(Database& database, const AuditEntry& entry);

/// Which rows are wanted: those that fit every part that is given.
struct AuditFilter {
  std::optional<std::int64_t> actor_id = {};  ///< Only what this user did.
  std::string actor = {};   ///< The name in the row, or the name or login of its user.
  std::string action = {};  ///< "": any; likewise below.
  std::string instance_id = {};
  std::string result = {};
};

/// How many rows one look goes through, whether they fit or not: some 10 ms, in which nobody else
/// gets at the database.
inline constexpr std::int64_t kAuditLook = 20'000;

/// What a look into the log has found.
struct AuditPage {
  std::vector<AuditRow> rows = {};  ///< The newest first.
  std::int64_t next_before = 0;     ///< From where to go on; 0: that was all.
};
/// At most `limit` rows that fit, of the `most` rows before the seq `before` (0: from the end).
Result<AuditPage> ListAudit(Database& database, std::int64_t before, std::int64_t limit,
                            const AuditFilter& filter = {}, std::int64_t most = kAuditLook);
/// Its SQL, so that a test can look at the plan.
std::string ListAuditStatement(const AuditFilter& filter);
/// Calls `each` for every row that fits with a greater seq than `after`, the oldest first.
Result<void> EachAudit(Database& database, std::int64_t after, const AuditFilter& filter,
                       const std::function<void(const AuditRow&)>& each);

struct AuditVerdict {
  std::int64_t rows = 0;
  std::optional<std::int64_t> broken_at =
      {};  ///< The first seq that does not fit; nothing: all do.
  Sha256Digest last_hash{};
};
/// Checks the whole chain.
Result<AuditVerdict> VerifyAudit(Database& database);

}  // namespace berth::store
