#include "hub/agent_tunnel.h"

#include "base/log.h"
#include "hub/client_view.h"
#include "identity/identity.h"
#include "store/instances.h"
#include "store/store.h"

namespace berth::hub {
namespace {

control::Registered Refused(std::string message) {
  control::Registered answer;
  answer.success = false;
  answer.message = std::move(message);
  return answer;
}

}  // namespace

AgentTunnel::AgentTunnel(HubContext& hub, TunnelEndpoint& endpoint, identity::AgentTokenPtr token,
                         http::Request request)
    : hub_(hub),
      endpoint_(endpoint),
      token_(std::move(token)),
      address_(request.peer.address),
      assertions_(hub.identity.signing_keys(), hub.clock),
      link_(hub.executor, hub.limits, *this, std::move(request.body)) {
  endpoint_.tunnels_.push_back(this);
}

AgentTunnel::~AgentTunnel() {
  token_end_.Cancel();
  Leave();
  std::erase(endpoint_.tunnels_, this);
}

Task<void> AgentTunnel::Run() {
  token_end_ = Job(hub_.executor, "end of token", CloseWhenTokenEnds());
  const Error why = co_await link_.Run();
  LogInfo("instance {}: tunnel from {} ended: {}", ForLog(id_), ForLog(address_), why.ToString());
  if (unknown_messages_ > 0) {
    LogInfo("instance {}: {} messages of unknown types were ignored", ForLog(id_),
            unknown_messages_);
  }
  Leave();
  if (id_.empty()) co_return;
  const std::string id = id_;
  const WallTime now = hub_.clock();
  auto noted = co_await hub_.store.Run(
      [id, now](store::Database& database) { return store::NoteInstanceSeen(database, id, now); });
  if (!noted) LogWarn("instance {}: last seen not written: {}", id, noted.error().ToString());
}

void AgentTunnel::Disconnect() {
  control::Command command;
  command.command = control::Command::Kind::kDisconnect;
  auto sent = link_.Send(command);
  if (!sent) LogDebug("instance {}: {}", ForLog(id_), sent.error().ToString());
}

Task<control::Registered> AgentTunnel::OnRegister(control::Register registration) {
  const std::string id = registration.client_id;
  if (!IsInstanceLabel(id)) {
    co_return Refused("an id is 1 to 63 of a-z, 0-9 and '-', so that it can be a host name");
  }
  if (!token_->MayRegister(id)) {
    LogWarn("instance {}: {} refused: token \"{}\" is limited to other ids", id, ForLog(address_),
            ForLog(token_->name));
    co_return Refused(
        fmt::format("the agent's token is limited to {}",
                    ForLog(fmt::format("{}", fmt::join(token_->terms.instance_ids, ", ")))));
  }
  const std::string metadata = MetadataToText(registration.metadata);
  const std::int64_t user_id = token_->user_id;
  const WallTime now = hub_.clock();
  auto claimed = co_await hub_.store.Run([id, metadata, user_id, now](store::Database& database) {
    return store::ClaimInstance(database, id, user_id, metadata, now);
  });
  if (!claimed) {
    LogWarn("instance {}: {} refused: {}", id, ForLog(address_), claimed.error().ToString());
    if (claimed.error().kind == ErrorKind::kForbidden) {
      identity::AuditEvent denied = ConnectEvent(id);
      denied.result = identity::audit_result::kDenied;
      denied.detail += "; the id belongs to another user";
      hub_.identity.audit().RecordSparsely(std::move(denied));
      co_return Refused("this id belongs to another user of the hub");
    }
    co_return Refused("the hub cannot write its database now");
  }
  auto connected = hub_.registry.Connected(id, user_id, registration.metadata, *this);
  if (!connected) co_return Refused(connected.error().message);
  id_ = id;
  LogInfo("instance {}: connected from {} with token \"{}\"", id, ForLog(address_),
          ForLog(token_->name));
  hub_.identity.audit().RecordSparsely(ConnectEvent(id));
  control::Registered answer;
  assertions_.Begin(id, registration.tunnel);
  answer.success = true;
  answer.hub.keys = assertions_.Announce();
  answer.hub.version = BERTH_VERSION;
  answer.hub.url = UrlOf(hub_, *hub_.registry.Get(id), identity::InstanceRole::kOwner);
  if (answer.hub.url.starts_with('/')) {
    answer.hub.url.insert(0, hub_.hosts.public_origin().ToString());
  }
  co_return answer;
}

void AgentTunnel::AnnounceKeys() {
  if (!link_.is_registered()) return;  // It is told when it registers.
  auto sent = link_.Send(control::HubKeys{assertions_.Announce()});
  if (!sent) LogDebug("instance {}: {}", ForLog(id_), sent.error().ToString());
}

identity::AuditEvent AgentTunnel::ConnectEvent(std::string_view id) const {
  return {.action = identity::audit_action::kAgentConnect,
          .actor_id = token_->user_id,
          .actor = fmt::format("agent token {}", token_->id),
          .instance_id = std::string(id),
          .address = address_,
          .detail = token_->name};
}

void AgentTunnel::OnMessage(control::Message message) {
  if (const auto* update = std::get_if<control::StatusUpdate>(&message)) {
    hub_.registry.SetStatus(id_, *this, *update);
  } else if (const auto* error = std::get_if<control::ErrorMessage>(&message)) {
    LogWarn("instance {}: agent reports: {}", id_, ForLog(error->message));
  } else if (std::holds_alternative<control::Unknown>(message)) {
    ++unknown_messages_;
  }
}

Task<void> AgentTunnel::CloseWhenTokenEnds() {
  co_await token_->ended.Wait();
  const std::string_view how =
      token_->HasExpired(hub_.clock()) ? "the token has expired" : "the token was revoked";
  LogInfo("instance {}: {}", ForLog(id_), how);
  link_.Close(how, /*is_auth_error=*/true);
}

void AgentTunnel::Leave() {
  if (!id_.empty()) hub_.registry.Disconnected(id_, *this);
}

}  // namespace berth::hub
