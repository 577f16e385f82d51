// The agent's own say on who may use its instance, whatever the hub lets in.
#pragma once

#include <string>
#include <vector>

#include "http/message.h"

namespace berth::agent {

/// Empty: everybody whom the hub lets in.
struct AllowList {
  std::vector<std::string> users{};  ///< GitHub login names, without regard to case.
  /// Orgs and teams. A hub does not vouch for those on a stream, so they admit nobody yet: whoever
  /// configures only them is not surprised by an open door.
  std::vector<std::string> groups{};

  bool is_empty() const { return users.empty() && groups.empty(); }
  /// Whether the user whom the hub names in X-Orchestrator-Username may send this request.
  bool Admits(const http::RequestHead& head) const;
};

}  // namespace berth::agent
