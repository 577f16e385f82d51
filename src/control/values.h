// What control messages are made of: what an instance says of itself, what its sessions do, and
// what they ask. Values; safe from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/wall_clock.h"

namespace berth::control {

/// Any JSON value, as the text it came as: passed on, never looked into.
struct Json {
  std::string text = "null";
  bool operator==(const Json&) const = default;
};

/// Header fields as version 1 has them: [[name, value], ...].
using Headers = std::vector<std::pair<std::string, std::string>>;

enum class Status {
  kIdle,          ///< No browser has it open.
  kActive,        ///< A browser has it open.
  kBusy,          ///< The model is generating.
  kDisconnected,  ///< Hub → browser only.
};
std::string_view ToString(Status status);

/// Ours: what an instance as a whole is doing. Of those that apply the last one counts.
enum class State {
  kIdle,      ///< No browser has it open.
  kActive,    ///< A browser has it open.
  kError,     ///< A run failed, and nobody has seen it yet.
  kBusy,      ///< A run is going.
  kNeedsYou,  ///< A run waits for its user. Version 1 reads busy.
  kOffline,   ///< Hub → browser only: its agent is away.
};
std::string_view ToString(State state);

/// Ours: what one session is doing.
enum class SessionState {
  kBusy,      ///< It runs.
  kNeedsYou,  ///< It runs, and waits for its user.
  kError,     ///< Its last run failed, and nobody has seen it yet.
};
std::string_view ToString(SessionState state);

/// Ours: what a session asks its user.
struct Question {
  enum class Kind {
    kPermission,  ///< May the tool run? Allow or deny.
    kQuestion,    ///< The model asks something itself; `text` holds what there is to choose from.
  };
  std::string id{};  ///< The instance's own; an Answer names it.
  Kind kind = Kind::kPermission;
  std::string tool{};
  std::string text{};   ///< The tool's whole input, as JSON.
  bool is_cut = false;  ///< `text` is too long and ends with a mark instead: it can only be denied.
  WallTime asked_at{};
  bool operator==(const Question&) const = default;
};
std::string_view ToString(Question::Kind kind);

/// Ours: one chat session of an instance that runs, waits for its user or has failed.
struct SessionInfo {
  std::string id{};
  std::string title{};
  std::string project{};
  std::string provider{};
  bool is_busy = false;
  bool needs_you = false;  ///< It waits for an answer or a permission.
  std::string reason{};    ///< What it waits for, in a few words.
  SessionState state = SessionState::kBusy;
  WallTime since{};                    ///< Since when it is in that state; the epoch: unknown.
  std::string error{};                 ///< With kError: what went wrong, in a few words.
  std::optional<Question> question{};  ///< With kNeedsYou, where it is known.
  bool operator==(const SessionInfo&) const = default;
};

/// Ours: bytes of streams, framing included, since the agent connected.
struct Traffic {
  std::int64_t in = 0;   ///< To the instance.
  std::int64_t out = 0;  ///< From the instance.
  bool operator==(const Traffic&) const = default;
};

/// What an instance says of itself. Every field may be empty; all text is bounded.
struct Metadata {
  std::string hostname{};
  std::string platform{};
  std::string project{};
  std::optional<Status> status{};
  std::string version{};  ///< Of the instance.
  std::string callback_url{};
  std::string adapter{};                        ///< Ours: the kind of instance.
  std::string agent_version{};                  ///< Ours: of berth itself.
  std::map<std::string, std::string> labels{};  ///< Ours: free, shown in the dashboard.
  bool operator==(const Metadata&) const = default;
};

}  // namespace berth::control
