#include "hub/access_keeper.h"

#include "base/log.h"
#include "hub/registry.h"
#include "identity/identity.h"

namespace berth::hub {
namespace {

/// Whether the session allows what its user may no longer do.
bool IsOver(const HubContext& hub, const identity::Session& session) {
  const auto person = hub.identity.people().Find(session.user_id);
  if (person == nullptr || person->is_removed) return true;
  if (session.instance_id.empty()) return false;
  const auto visible = hub.registry.Find(session.instance_id, *person);
  if (!visible) return true;
  return session.used_as && *session.used_as < visible->role;
}

}  // namespace

AccessKeeper::AccessKeeper(HubContext& hub) : hub_(hub) {
  hub_.identity.Subscribe(*this);
  OnAccessChanged({});
}

AccessKeeper::~AccessKeeper() { hub_.identity.Unsubscribe(*this); }

void AccessKeeper::OnAccessChanged(const identity::AccessChange& /*change*/) {
  hub_.identity.sessions().EndIf([this](const identity::Session& session) {
    const bool is_over = IsOver(hub_, session);
    if (is_over) {
      LogInfo("session {} of user {} ends: no longer allowed{}", session.id, session.user_id,
              session.instance_id.empty() ? "" : " at " + session.instance_id);
    }
    return is_over;
  });
}

}  // namespace berth::hub
