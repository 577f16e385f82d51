#include "hub/registry.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
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

constexpr Duration kTellEvery = std::chrono::milliseconds(100);

/// What a status means where the agent does not say more.
control::State StateOf(control::Status status, bool needs_you) {
  if (needs_you) return control::State::kNeedsYou;
  switch (status) {
    case control::Status::kBusy:
      return control::State::kBusy;
    case control::Status::kActive:
      return control::State::kActive;
    case control::Status::kIdle:
    case control::Status::kDisconnected:
      return control::State::kIdle;
  }
  return control::State::kIdle;
}

/// `sessions` with a state that agrees with the older fields and questions within their bound,
/// whoever sent them.
std::vector<control::SessionInfo> Taken(std::vector<control::SessionInfo> sessions) {
  for (control::SessionInfo& session : sessions) {
    if (session.needs_you) session.state = control::SessionState::kNeedsYou;
  }
  control::CutTexts(sessions);
  return sessions;
}

}  // namespace

void Registry::Remember(std::string id, std::int64_t user_id, const control::Metadata& metadata,
                        WallTime last_seen, std::string label) {
  Instance& instance = instances_[id];
  if (instance.is_live()) return;
  instance.user_id = user_id;
  instance.client.id = std::move(id);
  instance.client.user_id = user_id;
  instance.client.metadata = Shown(metadata);
  instance.client.metadata.status = control::Status::kDisconnected;
  instance.client.metadata.state = control::State::kOffline;
  instance.client.metadata.state_since = last_seen;
  instance.client.metadata.last_activity = last_seen;
  instance.client.connected_at = last_seen;
  instance.client.last_seen = last_seen;
  instance.client.label = std::move(label);
}

void Registry::SetLabel(std::string_view id, std::string label) {
  const auto place = instances_.find(id);
  if (place == instances_.end()) return;
  place->second.client.label = std::move(label);
  Notify(place->second);
}

void Registry::Remove(std::string_view id) {
  const auto place = instances_.find(id);
  if (place == instances_.end()) return;
  CHECK(!place->second.is_live());
  const auto gone = instances_.extract(place);
  untold_.erase(gone.key());
  for (RegistryObserver* observer : observers_) observer->OnInstanceRemoved(gone.mapped());
}

Result<void> Registry::Connected(std::string_view id, std::int64_t user_id,
                                 const control::Metadata& metadata, InstanceLink& link) {
  const auto place = instances_.find(id);
  if (place != instances_.end() && place->second.user_id != user_id) {
    return Forbidden("this id belongs to another user of the hub: choose another id");
  }
  Entry& instance = instances_[std::string(id)];
  InstanceLink* const older = std::exchange(instance.link, &link);
  instance.why_away.clear();
  instance.user_id = user_id;
  instance.client.id = id;
  instance.client.user_id = user_id;
  const control::ClientMetadata before = std::exchange(instance.client.metadata, Shown(metadata));
  control::ClientMetadata& now = instance.client.metadata;
  if (older != nullptr && !link.is_version_1()) {
    // What went on is taken to go on until the newer connection reports: no question was answered.
    now.status = before.status;
    now.state = before.state;
    now.state_since = before.state_since;
    now.needs_you = before.needs_you;
    now.sessions = before.sessions;
    now.no_answer = before.no_answer;
  } else {
    now.status = metadata.status.value_or(control::Status::kIdle);
    now.state = StateOf(now.status, /*needs_you=*/false);
    now.state_since = clock_();
  }
  instance.client.connected_at = clock_();
  instance.has_reported = link.is_version_1() && metadata.status;
  instance.client.metadata.last_activity = instance.client.connected_at;
  instance.client.last_seen = instance.client.connected_at;
  if (older != nullptr && older != &link) {
    LogWarn("instance {}: a newer agent took over; the older one is told", ForLog(id));
    older->Fence("another agent registered this id");
  }
  Notify(instance);
  return Ok();
}

void Registry::Disconnected(std::string_view id, const InstanceLink& link, std::string why) {
  const auto place = instances_.find(id);
  if (place == instances_.end() || place->second.link != &link) return;
  Entry& instance = place->second;
  instance.link = nullptr;
  instance.why_away = std::move(why);
  instance.client.metadata.status = control::Status::kDisconnected;
  instance.client.metadata.needs_you = false;
  instance.client.metadata.sessions.clear();
  instance.client.metadata.no_answer = false;
  SetState(instance, control::State::kOffline);
  instance.client.last_seen = clock_();
  Notify(instance);
}

void Registry::SetStatus(std::string_view id, const InstanceLink& link,
                         const control::StatusUpdate& update) {
  const auto place = instances_.find(id);
  if (place == instances_.end() || place->second.link != &link) return;
  Entry& instance = place->second;
  const WallTime now = clock_();
  instance.client.last_seen = now;
  instance.client.metadata.last_activity = now;
  instance.has_reported = true;
  instance.client.metadata.status = update.status;
  instance.client.metadata.needs_you = update.needs_you;
  instance.client.metadata.sessions = Taken(update.sessions);
  instance.client.metadata.no_answer = update.no_answer;
  if (!update.adapter.empty()) {
    instance.client.metadata.adapter = update.adapter;
    instance.client.metadata.version = update.version;
  }
  const bool says_state = update.state && *update.state != control::State::kOffline;
  SetState(instance, says_state ? *update.state : StateOf(update.status, update.needs_you));
  NotifySoon(instance);
}

void Registry::SetState(Instance& instance, control::State state) {
  if (instance.client.metadata.state == state) return;
  instance.client.metadata.state = state;
  instance.client.metadata.state_since = clock_();
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

std::optional<VisibleInstance> Registry::Next(std::string_view id,
                                              const store::User& person) const {
  for (auto place = instances_.upper_bound(id); place != instances_.end(); ++place) {
    const auto role = RoleOf(place->second, person);
    if (role) return VisibleInstance{.instance = &place->second, .role = *role};
  }
  return std::nullopt;
}

const Instance* Registry::Get(std::string_view id) const {
  const auto place = instances_.find(id);
  return place == instances_.end() ? nullptr : &place->second;
}

std::size_t Registry::live() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(instances_, [](const auto& entry) { return entry.second.is_live(); }));
}

void Registry::NotifySoon(Entry& entry) {
  if (!entry.told || executor_.now() - *entry.told >= kTellEvery) return Notify(entry);
  const TimePoint due = *entry.told + kTellEvery;
  untold_.emplace(entry.id(), due);
  if (!untold_timer_.is_armed() || due < untold_timer_.due()) executor_.Arm(untold_timer_, due);
}

void Registry::TellUntold() {
  std::vector<std::string> due;
  std::optional<TimePoint> next;
  for (const auto& [id, when] : untold_) {
    if (when <= executor_.now()) {
      due.push_back(id);
    } else if (!next || when < *next) {
      next = when;
    }
  }
  if (next) executor_.Arm(untold_timer_, *next);
  for (const std::string& id : due) {
    const auto place = instances_.find(id);
    if (place != instances_.end()) Notify(place->second);
  }
}

void Registry::Notify(Entry& entry) {
  entry.told = executor_.now();
  untold_.erase(entry.id());
  for (RegistryObserver* observer : observers_) observer->OnInstanceChanged(entry);
}

}  // namespace berth::hub
