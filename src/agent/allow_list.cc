#include "agent/allow_list.h"

#include <algorithm>

namespace berth::agent {

bool AllowList::Admits(const http::RequestHead& head) const {
  if (is_empty()) return true;
  if (head.fields.Count("x-orchestrator-username") != 1) return false;
  const std::string_view name = *head.fields.Find("x-orchestrator-username");
  return !name.empty() && std::ranges::any_of(users, [name](const std::string& user) {
    return http::EqualsIgnoreCase(user, name);
  });
}

}  // namespace berth::agent
