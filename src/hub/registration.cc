#include "hub/registration.h"

#include "base/log.h"
#include "hub/browser.h"
#include "hub/client_view.h"
#include "hub/stored_metadata.h"
#include "identity/identity.h"
#include "store/instances.h"
#include "store/store.h"

namespace berth::hub {
namespace {

identity::AuditEvent ConnectEvent(const identity::AgentToken& token, const std::string& address,
                                  std::string_view id) {
  return {.action = identity::audit_action::kAgentConnect,
          .actor_id = token.user_id,
          .actor = fmt::format("agent token {}", token.id),
          .instance_id = std::string(id),
          .address = address,
          .detail = token.name};
}

/// For whoever asked.
Error TooManyInstances(Limits::Size most) {
  return TooLarge(
      fmt::format("its user has {} instances, which is as many as this hub lets one have: remove "
                  "some that are gone, each on its page, or have limits.instances raised",
                  most));
}

/// Writes the kind and version of an instance, unless that is what is there.
Result<void> KeepKind(store::Database& database, const std::string& id, const std::string& adapter,
                      const std::string& version) {
  auto row = store::FindInstance(database, id);
  if (!row) return std::move(row).error();
  if (!*row) return Ok();
  control::Metadata metadata = MetadataFromText((*row)->metadata);
  if (metadata.adapter == adapter && metadata.version == version) return Ok();
  metadata.adapter = adapter;
  metadata.version = version;
  return store::SetInstanceMetadata(database, id, MetadataToText(metadata));
}

}  // namespace

control::Registered RefusedRegistration(std::string why) {
  control::Registered answer;
  answer.success = false;
  answer.message = std::move(why);
  return answer;
}

Task<Result<control::Registered>> RegisterInstance(HubContext& hub, identity::AgentTokenPtr token,
                                                   std::string address,
                                                   control::Register registration,
                                                   InstanceLink& link) {
  const std::string id = registration.client_id;
  if (!token->MayRegister(id)) {
    LogWarn("instance {}: {} refused: token \"{}\" is limited to other ids", id, ForLog(address),
            ForLog(token->name));
    co_return RefusedRegistration(fmt::format(
        "the agent's token is limited to other ids: enrol with this id, or use one of {}",
        ForLog(fmt::format("{}", fmt::join(token->terms.instance_ids, ", ")))));
  }
  auto possible = hub.hosts.CheckInstanceId(id);
  if (!possible) {
    LogWarn("instance {}: {} refused: {}", id, ForLog(address), possible.error().message);
    co_return RefusedRegistration(possible.error().message);
  }
  const std::string metadata = MetadataToText(registration.metadata);
  const std::int64_t user_id = token->user_id;
  const WallTime now = hub.clock();
  const Limits::Size most = hub.limits.instances;
  auto claimed = co_await hub.store.Run(
      [id, metadata, user_id, now, most](store::Database& database) -> Result<store::InstanceRow> {
        auto has_room = store::HasRoomForInstance(database, id, user_id, most);
        if (!has_room) return std::move(has_room).error();
        if (!*has_room) return TooManyInstances(most);
        return store::ClaimInstance(database, id, user_id, metadata, now);
      });
  if (!claimed) {
    LogWarn("instance {}: {} not let in: {}", id, ForLog(address), claimed.error().ToString());
    const bool is_too_many = claimed.error().kind == ErrorKind::kTooLarge;
    if (is_too_many || claimed.error().kind == ErrorKind::kForbidden) {
      // That of no instance may be made up.
      identity::AuditEvent denied = ConnectEvent(*token, address, is_too_many ? "" : id);
      denied.result = identity::audit_result::kDenied;
      denied.detail += is_too_many ? "; too many instances" : "; the id belongs to another user";
      hub.identity.audit().RecordSparsely(std::move(denied));
      co_return RefusedRegistration(claimed.error().message);
    }
    co_return Unavailable("the hub cannot write its database now");
  }
  // While it was claimed the link may have ended, the token too, or its user been removed.
  if (!link.is_open()) co_return Unavailable("the connection has ended");
  if (token->ended.is_set()) co_return RefusedRegistration("the token has ended");
  if (!PersonOf(hub, user_id)) co_return RefusedRegistration(std::string(kNoLongerAdmitted));
  const Instance* const known = hub.registry.Get(id);
  const bool is_again = known != nullptr && known->link == &link;
  auto connected = hub.registry.Connected(id, user_id, registration.metadata, link);
  if (!connected) co_return RefusedRegistration(connected.error().message);
  // Version 1 may register as often as it likes over one connection.
  if (!is_again) {
    const std::string& version = registration.metadata.agent_version;
    LogInfo("instance {}: connected from {} with token \"{}\", agent {}", id, ForLog(address),
            ForLog(token->name), version.empty() ? "of another make" : ForLog(version));
  }
  hub.identity.audit().RecordSparsely(ConnectEvent(*token, address, id));
  control::Registered answer;
  answer.success = true;
  answer.hub.version = BERTH_VERSION;
  answer.hub.url = UrlOf(hub, *hub.registry.Get(id), identity::InstanceRole::kOwner);
  if (answer.hub.url.starts_with('/')) {
    answer.hub.url.insert(0, hub.hosts.public_origin().ToString());
  }
  co_return answer;
}

Task<void> NoteInstanceLeft(HubContext& hub, std::string id) {
  const WallTime now = hub.clock();
  const Instance* const instance = hub.registry.Get(id);
  if (instance == nullptr) co_return;
  const std::string adapter = instance->client.metadata.adapter;
  const std::string version = instance->client.metadata.version;
  auto noted = co_await hub.store.Run(
      [id, now, adapter, version](store::Database& database) -> Result<void> {
        auto seen = store::NoteInstanceSeen(database, id, now);
        if (!seen) return seen;
        return KeepKind(database, id, adapter, version);
      });
  // A hub that stops leaves all of them at once; the store says how many it had no time to write.
  const bool is_counted =
      hub.stopping.is_set() && !noted && noted.error().kind == ErrorKind::kUnavailable;
  if (!noted && !is_counted) {
    LogWarn("instance {}: last seen not written: {}", id, noted.error().ToString());
  }
}

}  // namespace berth::hub
