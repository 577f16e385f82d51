#include "hub/path_gates.h"

#include "base/log.h"
#include "identity/identity.h"

namespace berth::hub {

PathGates::PathGates(HubContext& hub) : hub_(hub) { hub_.identity.Subscribe(*this); }

PathGates::~PathGates() { hub_.identity.Unsubscribe(*this); }

std::shared_ptr<Event> PathGates::Enter(std::string_view instance_id) {
  if (const auto found = gates_.find(instance_id); found != gates_.end()) {
    if (auto gate = found->second.lock()) return gate;
  }
  std::erase_if(gates_, [](const auto& entry) { return entry.second.expired(); });
  auto gate = std::make_shared<Event>(hub_.executor);
  gates_.insert_or_assign(std::string(instance_id), gate);
  return gate;
}

void PathGates::OnAccessChanged(const identity::AccessChange& /*change*/) {
  std::erase_if(gates_, [this](const auto& entry) {
    const auto gate = entry.second.lock();
    if (!gate) return true;
    if (!hub_.identity.shares().IsShared(entry.first)) return false;
    LogInfo("instance {}: shared now, so what is open in path mode ends", entry.first);
    gate->Set();
    return true;
  });
}

}  // namespace berth::hub
