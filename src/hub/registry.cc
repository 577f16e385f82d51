#include "hub/registry.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace berth::hub {
namespace {

control::ClientMetadata Shown(const control::Metadata& metadata) {
  control::ClientMetadata shown;
  shown.hostname = metadata.hostname;
  shown.project = metadata.project;
  shown.callback_url = metadata.callback_url;
  shown.platform = metadata.platform;
  shown.version = metadata.version;
  shown.adapter = metadata.adapter;
  shown.agent_version = metadata.agent_version;
  shown.labels = metadata.labels;
  return shown;
}

}  // namespace

void Registry::Remember(std::string id, std::int64_t user_id, const control::Metadata& metadata,
                        WallTime last_seen) {
  Instance& instance = instances_[id];
  if (instance.is_live()) return;
  instance.user_id = user_id;
  instance.client.id = std::move(id);
  instance.client.user_id = user_id;
  instance.client.metadata = Shown(metadata);
  instance.client.metadata.status = control::Status::kDisconnected;
  instance.client.metadata.last_activity = last_seen;
  instance.client.connected_at = last_seen;
  instance.client.last_seen = last_seen;
}

Result<void> Registry::Connected(std::string_view id, std::int64_t user_id,
                                 const control::Metadata& metadata, InstanceLink& link) {
  const auto place = instances_.find(id);
  if (place != instances_.end() && place->second.user_id != user_id) {
    return Forbidden("this id belongs to another user of the hub");
  }
  Instance& instance = instances_[std::string(id)];
  InstanceLink* const older = std::exchange(instance.link, &link);
  instance.user_id = user_id;
  instance.client.id = id;
  instance.client.user_id = user_id;
  instance.client.metadata = Shown(metadata);
  instance.client.metadata.status = metadata.status.value_or(control::Status::kIdle);
  instance.client.connected_at = clock_();
  instance.client.metadata.last_activity = instance.client.connected_at;
  instance.client.last_seen = instance.client.connected_at;
  if (older != nullptr && older != &link) {
    LogWarn("instance {}: a newer agent took over; the older one is told", ForLog(id));
    older->Fence("another agent registered this id");
  }
  Notify(instance);
  return Ok();
}

void Registry::Disconnected(std::string_view id, const InstanceLink& link) {
  const auto place = instances_.find(id);
  if (place == instances_.end() || place->second.link != &link) return;
  Instance& instance = place->second;
  instance.link = nullptr;
  instance.client.metadata.status = control::Status::kDisconnected;
  instance.client.metadata.needs_you = false;
  instance.client.metadata.sessions.clear();
  instance.client.last_seen = clock_();
  Notify(instance);
}

void Registry::SetStatus(std::string_view id, const InstanceLink& link,
                         const control::StatusUpdate& update) {
  const auto place = instances_.find(id);
  if (place == instances_.end() || place->second.link != &link) return;
  Instance& instance = place->second;
  const WallTime now = clock_();
  instance.client.last_seen = now;
  instance.client.metadata.last_activity = now;
  instance.client.metadata.status = update.status;
  instance.client.metadata.needs_you = update.needs_you;
  instance.client.metadata.sessions = update.sessions;
  Notify(instance);
}

std::optional<VisibleInstance> Registry::Find(std::string_view id,
                                              const store::User& person) const {
  const Instance* const instance = Get(id);
  if (instance == nullptr) return std::nullopt;
  const auto role = RoleOf(*instance, person);
  if (!role) return std::nullopt;
  return VisibleInstance{.instance = instance, .role = *role};
}

std::vector<VisibleInstance> Registry::List(const store::User& person) const {
  std::vector<VisibleInstance> list;
  for (const auto& [id, instance] : instances_) {
    const auto role = RoleOf(instance, person);
    if (role) list.push_back({.instance = &instance, .role = *role});
  }
  return list;
}

const Instance* Registry::Get(std::string_view id) const {
  const auto place = instances_.find(id);
  return place == instances_.end() ? nullptr : &place->second;
}

std::size_t Registry::live() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(instances_, [](const auto& entry) { return entry.second.is_live(); }));
}

void Registry::Notify(const Instance& instance) {
  for (RegistryObserver* observer : observers_) observer->OnInstanceChanged(instance);
}

}  // namespace berth::hub
