// What a viewer may do with a claudecodeui: see the facts of its API in the comments.
#include <boost/json.hpp>

#include "agent/adapters/claudecodeui.h"
#include "agent/adapters/claudecodeui_version.h"
#include "base/json.h"

namespace berth::agent {
namespace {

namespace json = boost::json;

/// Questions that change nothing. From 1.37.3 on, subscribing adds an audience; before, it takes
/// the live stream away from the page that has it, and so does check-session-status (1.34).
bool IsHarmless(std::string_view type, bool is_audience_shared) {
  if (type == "chat.subscribe" || type == "check-session-status") return is_audience_shared;
  return type == "ping" || type == "get-active-sessions" || type == "get-pending-permissions";
}

}  // namespace

bool ClaudeCodeUi::HasSideEffects(const http::RequestHead& head) const {
  const std::string path = RoutingPath(head.target);
  // Clones a repository, and reports on it as it goes.
  // (Here and below, by what the path holds, so that no spelling of it gets past.)
  if (path.find("clone-progress") != path.npos) return true;
  // Plugins: /api/plugins/NAME/rpc/... is handed to a program of the user's, whatever the method.
  if (path.find("/plugins") != path.npos && path.find("/rpc") != path.npos) return true;
  // Runs prompts for programs, with keys of its own.
  return path.starts_with("/api/agent");
}

MessageFilter ClaudeCodeUi::ViewerMessages(const http::RequestHead& head) const {
  // Byte for byte, as the instance compares them. Others (plugins' own) may do anything.
  if (head.path() == "/shell") {
    return [](std::string_view) -> std::optional<std::string> { return std::nullopt; };
  }
  if (head.path() != "/ws") return nullptr;
  const bool is_audience_shared = IsAtLeast(context_.info.version, kSharedAudience);
  return [is_audience_shared](std::string_view message) -> std::optional<std::string> {
    auto value = ParseJson(message);
    if (!value || !value->is_object()) return std::nullopt;
    const std::string_view type = StringMember(value->get_object(), "type");
    if (!IsHarmless(type, is_audience_shared)) return std::nullopt;
    // As we read it, so that the instance cannot read it in another way. A number that no double
    // holds cannot be written.
    std::string text = json::serialize(*value);
    if (!ParseJson(text)) return std::nullopt;
    return text;
  };
}

}  // namespace berth::agent
