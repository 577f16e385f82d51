#include "hub/instance_access.h"

#include "hub/audit_events.h"
#include "hub/problem.h"
#include "hub/registry.h"

namespace berth::hub {

http::Response NoSuchInstance() {
  return ProblemResponse({404, "Not found", "You have no instance of this name."});
}

std::optional<http::Response> RefuseUnlessOwner(HubContext& hub, const ApiCall& call,
                                                std::string_view what) {
  const auto visible = hub.registry.Find(call.id, *call.user);
  if (visible && visible->role == identity::InstanceRole::kOwner) return std::nullopt;
  RecordDenied(hub, call, fmt::format("to {}", what), call.id);
  if (!visible) return NoSuchInstance();
  return ProblemResponse({403, "Not allowed", fmt::format("Only its owner may {}.", what)});
}

}  // namespace berth::hub
