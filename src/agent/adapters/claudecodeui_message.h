// What a claudecodeui says, member by member: its chat messages, its questions and its lists of
// sessions. A member that is absent or of another kind reads as nothing (base/json.h).
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/wall_clock.h"
#include "control/message.h"

namespace berth::agent::claudecodeui {

inline constexpr std::size_t kMaxText = 200;
inline constexpr std::size_t kMaxSessions = 64;

/// Whose socket a message came over.
enum class Origin {
  kBrowser,   ///< Its user sees it.
  kObserver,  ///< The agent's own.
};

/// The text at `name`, cut at kMaxText.
std::string TextOf(const boost::json::object& object, std::string_view name);
bool IsTrue(const boost::json::object& object, std::string_view name);
/// A point in time, as the instance writes it: text, or milliseconds.
std::optional<WallTime> TimeOf(const boost::json::object& object, std::string_view name);

/// Whether the end of a run that `message` tells is a failure. Up to 1.34 there is an exit status
/// only.
bool IsFailure(const boost::json::object& message);

/// What a session asks its user, as `request` says; its text whole.
control::Question QuestionOf(const boost::json::object& request, WallTime asked_at);
/// What the session does, in a few words: "asks to use Bash".
std::string ReasonOf(const control::Question& question);

/// An entry of the instance's list of running sessions.
struct RunningSession {
  std::string id{};
  std::string provider{};
  std::optional<WallTime> started_at{};
  bool operator==(const RunningSession&) const = default;
};

/// The answer of GET /api/providers/sessions/running; at most kMaxSessions.
std::vector<RunningSession> ParseRunningSessions(const boost::json::value& answer);

/// The same from what the chat socket of an old instance says: lists by provider.
std::vector<RunningSession> ParseActiveSessions(const boost::json::object& providers);

}  // namespace berth::agent::claudecodeui
