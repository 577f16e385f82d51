// Rows of the notify_targets table: where people want to be told of events.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/wall_clock.h"
#include "store/database.h"

namespace berth::store {

/// How a target is spoken to.
enum class NotifyKind {
  kWebPush,  ///< A browser, through its push service.
  kNtfy,     ///< A topic of an ntfy server.
  kWebhook,  ///< Any HTTP server: JSON, signed.
  kSlack,    ///< An incoming webhook of Slack, or what takes the same.
};
/// "webpush", "ntfy", "webhook" or "slack".
std::string_view ToString(NotifyKind kind);
std::optional<NotifyKind> ParseNotifyKind(std::string_view text);

/// When not to disturb: every day from one minute of the day to another, at a fixed offset from
/// UTC. Over midnight where `from` is later than `to`.
struct QuietHours {
  int from = 0;        ///< 0 to 1439; not `to`.
  int to = 0;          ///< The first minute after them.
  int utc_offset = 0;  ///< Minutes east of UTC.
  bool operator==(const QuietHours&) const = default;
};

struct NotifyTargetRow {
  std::string id = {};  ///< 16 hexadecimal digits.
  std::int64_t user_id = 0;
  NotifyKind kind = NotifyKind::kWebhook;
  std::string name = {};  ///< The user's name for it: "My phone".
  std::vector<std::byte> sealed_config = {};
  std::vector<std::string> events = {};
  std::optional<QuietHours> quiet = {};
  WallTime created_at = {};
  std::optional<WallTime> last_ok_at = {};
  std::string last_error = {};  ///< Of the last attempt; "" after a success.
  std::int64_t failures = 0;    ///< Attempts that failed since the last success.
  /// Of a browser that set itself up: the session, until that expires.
  std::optional<std::string> session_id = {};
};

/// kConflict: user or session are gone.
Result<void> InsertNotifyTarget(Database& database, const NotifyTargetRow& target);
Result<std::optional<NotifyTargetRow>> FindNotifyTarget(Database& database, std::string_view id);
/// Those of a user, the newest first.
Result<std::vector<NotifyTargetRow>> ListNotifyTargets(Database& database, std::int64_t user_id);
/// Those of a kind, of all users.
Result<std::vector<NotifyTargetRow>> ListNotifyTargetsOf(Database& database, NotifyKind kind);
/// Writes name, events, quiet hours, sealed_config and session_id. kNotFound; kConflict: the
/// session is gone.
Result<void> UpdateNotifyTarget(Database& database, const NotifyTargetRow& target);
/// Those of browsers that set themselves up in that session, with everything that waits for them.
Result<void> DeleteNotifyTargetsOfSession(Database& database, std::string_view session_id);
/// With everything that waits for it. Whether it was there.
Result<bool> DeleteNotifyTarget(Database& database, std::string_view id);
/// What became of an attempt. "" is a success.
Result<void> NoteNotifyAttempt(Database& database, std::string_view id, WallTime at,
                               std::string_view error);

}  // namespace berth::store
