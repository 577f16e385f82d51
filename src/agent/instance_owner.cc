#include "agent/instance_owner.h"

#include <fmt/format.h>

#include "net/peer_owner.h"

namespace berth::agent {

bool OwnerRule::Admits(uid_t owner) const {
  if (owner == 0) return true;
  if (instance_user) return owner == *instance_user;
  return own == 0 || owner == own;
}

Result<void> CheckInstanceOwner(int descriptor, const OwnerRule& rule,
                                const std::string& authority) {
  auto owner = net::PeerOwner(descriptor);
  if (!owner) return std::move(owner).error();
  if (!*owner || rule.Admits(**owner)) return Ok();
  return Forbidden(fmt::format(
      "another user (uid {0}) listens at {1}; if the instance is theirs, say --instance-user {0}",
      **owner, authority));
}

}  // namespace berth::agent
