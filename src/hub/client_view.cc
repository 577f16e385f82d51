#include "hub/client_view.h"

namespace berth::hub {

control::Client ClientViewOf(const HubContext& hub, const Instance& instance) {
  control::Client view = instance.client;
  if (hub.hosts.has_subdomains() && IsInstanceLabel(view.id)) {
    view.url = hub.hosts.InstanceOrigin(view.id) + "/";
  } else if (hub.path_mode) {
    view.url = fmt::format("/clients/{}/proxy/", view.id);
  }
  if (instance.is_live()) {
    const auto latency = instance.link->latency().value_or(Duration::zero());
    view.latency_ms = std::chrono::ceil<std::chrono::milliseconds>(latency).count();
  }
  return view;
}

}  // namespace berth::hub
