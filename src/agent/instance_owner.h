// Whom the agent takes for its instance, where that is on this machine: while an instance is down,
// any user of the machine may listen in its place, and would get its credential.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "base/result.h"

namespace berth::agent {

struct OwnerRule {
  std::optional<uid_t> instance_user{};  ///< As the operator says.
  uid_t own = ::geteuid();               ///< Who runs the agent.

  /// Root always, and who is named; if nobody is, the agent's own user. An agent of root's is a
  /// service of the machine, for whichever user: without a name it admits everybody.
  bool Admits(uid_t owner) const;
};

/// Whether the instance at `authority`, at the other end of the connected socket `descriptor`, is
/// of a user that `rule` admits, or of none that can be seen. kForbidden: it is not, and how to
/// allow it. Otherwise the errors of net::PeerOwner.
Result<void> CheckInstanceOwner(int descriptor, const OwnerRule& rule,
                                const std::string& authority);

}  // namespace berth::agent
