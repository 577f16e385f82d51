// Notification: one event as people are told of it, and when they do not want to be told.
//
// The JSON form is what the outbox keeps, what a webhook gets and what the dashboard's service
// worker reads from a push message (docs/notifications.md). Values; safe from any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/wall_clock.h"
#include "store/notify_targets.h"

namespace berth::hub {

/// What people can be told of. The names are what they choose from and what the database keeps.
enum class NotifyEvent {
  kNeedsYou,  ///< A session waits for its user.
  kFinished,  ///< A run ended, and did not fail.
  kFailed,    ///< A run failed.
  kOffline,   ///< An instance has been away for a while.
};
/// "needs_you", "finished", "failed" or "offline".
std::string_view ToString(NotifyEvent event);
std::optional<NotifyEvent> ParseNotifyEvent(std::string_view name);

/// What an event of a test delivery is called.
inline constexpr std::string_view kTestEvent = "test";

struct Notification {
  std::string event = {};  ///< ToString(NotifyEvent), or kTestEvent.
  std::string title = {};  ///< A few words: "laptop needs you".
  std::string body = {};   ///< A few lines; may be empty.
  std::string url = {};    ///< Where a tap leads: the hub's page that opens the session.
  std::string tag = {};    ///< A later one with the same tag takes this one's place on a screen.
  std::string client_id = {};
  std::string session_id = {};
  std::string question_id = {};    ///< With needs_you, where the question is known: see Answer.
  std::string question_kind = {};  ///< "permission" or "question".
  std::string question_tool = {};
  WallTime at = {};
  bool operator==(const Notification&) const = default;
};

std::string ToJson(const Notification& notification);
/// kInvalid: not what ToJson() made.
Result<Notification> ParseNotification(std::string_view json);

/// `text` cut to at most `limit` bytes, with "…" where something was cut, never inside a character.
/// Control characters but line breaks become spaces.
std::string CutText(std::string_view text, std::size_t limit);

/// The address of an instance's session for a person who may not be signed in: the hub's /open.
std::string DeepLink(std::string_view public_url, std::string_view client_id,
                     std::string_view session_id);

/// When somebody with these quiet hours may be told: `now`, or the end of the hours it falls into.
WallTime EndOfQuiet(const std::optional<store::QuietHours>& quiet, WallTime now);

/// "22:00-07:00" and "+02:00" to quiet hours; kInvalid says what is expected.
Result<store::QuietHours> ParseQuietHours(std::string_view hours, std::string_view utc_offset);
/// The same texts again.
std::string HoursText(const store::QuietHours& quiet);
std::string OffsetText(const store::QuietHours& quiet);

}  // namespace berth::hub
