// Access: what somebody is to one instance, and so what they may do with it.
//
// The owner is whose agent registered it. Everybody else needs a share; whoever has several has the
// best of them. Owning the hub gives no access to other people's instances, and somebody whom the
// policy no longer admits has none at all. Lives on one loop; nothing here suspends.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "identity/shares.h"
#include "store/users.h"

namespace berth::identity {

/// From the most to the least, so that "a < b" means: a may do more.
enum class InstanceRole {
  kOwner,     ///< Uses it, shares it, sends its agent away.
  kOperator,  ///< Uses it in full.
  kViewer,    ///< Looks only: safe methods, and what arrives on WebSockets.
};
/// "owner", "operator" or "viewer".
std::string_view ToString(InstanceRole role);

/// What `user` is to the instance of that owner now; nothing: it does not exist for them.
std::optional<InstanceRole> RoleOf(const Shares& shares, const store::User& user,
                                   std::int64_t owner_id, std::string_view instance_id);

/// Whether `user` is told of what happens there: its owner, and with whom it is shared as operator
/// by name or as one of a group. A share with everyone tells nobody: whoever has an instance could
/// have the phones of all ring, and nobody has agreed to that.
bool IsToldOf(const Shares& shares, const store::User& user, std::int64_t owner_id,
              std::string_view instance_id);

/// Whether that share is for `user`, whatever its time and instance.
bool IsFor(const store::ShareRow& share, const store::User& user);

/// Who may have gained or lost access, and to what.
struct AccessChange {
  std::optional<std::int64_t> user_id = {};    ///< One person; nothing: it may be anybody.
  std::vector<std::string> instance_ids = {};  ///< To no others; empty: it may be any.
};

/// Whoever wants to know of that. Called on the loop; must not suspend, and must not (un)subscribe
/// from inside.
class AccessObserver {
 public:
  virtual ~AccessObserver() = default;
  virtual void OnAccessChanged(const AccessChange& change) = 0;
};

}  // namespace berth::identity
