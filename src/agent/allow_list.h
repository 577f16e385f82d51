// The agent's own say on who may use its instance, whatever the hub lets in.
#pragma once

#include <string>
#include <vector>

#include "control/assertion.h"

namespace berth::agent {

/// Of GitHub's users and groups, as the hub signed them; users of other providers match nothing,
/// whatever they are called there. Without regard to case, as GitHub's names are.
struct AllowList {
  /// Login names, or numeric ids: an entry of digits alone is an id, never a name.
  std::vector<std::string> users{};
  /// "org" and "org/team"; an org of digits alone is a numeric id, never a name.
  std::vector<std::string> groups{};

  /// Everybody whom the hub lets in.
  bool is_empty() const { return users.empty() && groups.empty(); }
  /// Whether any entry is met.
  bool Admits(const control::Assertion& user) const;
};

}  // namespace berth::agent
