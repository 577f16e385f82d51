#include "identity/access.h"

#include <algorithm>
#include <string>

#include "identity/groups.h"

namespace berth::identity {
namespace {

InstanceRole RoleFrom(store::ShareRole role) {
  return role == store::ShareRole::kOperator ? InstanceRole::kOperator : InstanceRole::kViewer;
}

}  // namespace

std::string_view ToString(InstanceRole role) {
  switch (role) {
    case InstanceRole::kOwner:
      return "owner";
    case InstanceRole::kOperator:
      return "operator";
    case InstanceRole::kViewer:
      return "viewer";
  }
  return "";
}

bool IsFor(const store::ShareRow& share, const store::User& user) {
  switch (share.kind) {
    case store::ShareKind::kUser:
      return share.subject == std::to_string(user.id);
    case store::ShareKind::kGroup:
      return IsInGroup(user, share);
    case store::ShareKind::kEveryone:
      return true;
  }
  return false;
}

std::optional<InstanceRole> RoleOf(const Shares& shares, const store::User& user,
                                   std::int64_t owner_id, std::string_view instance_id) {
  if (user.is_removed) return std::nullopt;
  if (user.id == owner_id) return InstanceRole::kOwner;
  std::optional<InstanceRole> best;
  for (const store::ShareRow& share : shares.Of(instance_id)) {
    // In this order: the clock costs twice as much as to see whom a share is for.
    if (!IsFor(share, user) || !shares.IsLive(share)) continue;
    const InstanceRole role = RoleFrom(share.role);
    if (!best || role < *best) best = role;
  }
  return best;
}

bool IsToldOf(const Shares& shares, const store::User& user, std::int64_t owner_id,
              std::string_view instance_id) {
  if (user.is_removed) return false;
  if (user.id == owner_id) return true;
  return std::ranges::any_of(shares.Of(instance_id), [&](const store::ShareRow& share) {
    return share.kind != store::ShareKind::kEveryone && share.role == store::ShareRole::kOperator &&
           IsFor(share, user) && shares.IsLive(share);
  });
}

}  // namespace berth::identity
