#include "hub/client_view.h"

#include "identity/identity.h"

namespace berth::hub {

std::string PathUrlOf(const HubContext& hub, const Instance& instance,
                      identity::InstanceRole role) {
  const bool is_own = role == identity::InstanceRole::kOwner;
  if (!hub.path_mode || !is_own || hub.identity.shares().IsShared(instance.id())) return "";
  return fmt::format("/clients/{}/proxy/", instance.id());
}

std::string UrlOf(const HubContext& hub, const Instance& instance, identity::InstanceRole role) {
  std::string path_url = PathUrlOf(hub, instance, role);
  // A version-1 instance signs its page in only where it is told a prefix.
  const bool needs_prefix = instance.is_live() && instance.link->is_version_1();
  if (needs_prefix && !path_url.empty()) return path_url;
  if (hub.hosts.has_subdomains() && IsInstanceLabel(instance.id())) {
    return hub.hosts.InstanceOrigin(instance.id()) + "/";
  }
  return path_url;
}

control::Client ClientViewOf(const HubContext& hub, const VisibleInstance& visible) {
  const Instance& instance = *visible.instance;
  control::Client view = instance.client;
  view.url = UrlOf(hub, instance, visible.role);
  view.path_url = PathUrlOf(hub, instance, visible.role);
  view.role = identity::ToString(visible.role);
  if (const auto owner = hub.identity.people().Find(instance.user_id)) {
    view.owner = identity::LoginOf(*owner);
  }
  view.metadata.awaits_status = instance.is_live() && !instance.has_reported;
  const control::Vitals vitals = VitalsOf(instance);
  view.metadata.traffic = vitals.traffic;
  view.latency_ms = vitals.latency_ms;
  return view;
}

control::Vitals VitalsOf(const Instance& instance) {
  control::Vitals vitals;
  vitals.id = instance.id();
  if (!instance.is_live()) return vitals;
  const auto latency = instance.link->latency().value_or(Duration::zero());
  vitals.latency_ms = std::chrono::ceil<std::chrono::milliseconds>(latency).count();
  vitals.traffic = instance.link->traffic();
  return vitals;
}

}  // namespace berth::hub
