#include "hub/agent_connection.h"

#include "base/log.h"
#include "hub/browser.h"
#include "hub/registration.h"

namespace berth::hub {

AgentConnection::AgentConnection(HubContext& hub, AgentConnections& all,
                                 identity::AgentTokenPtr token, std::string address)
    : hub_(hub), token_(std::move(token)), address_(std::move(address)), all_(all) {
  all_.push_back(this);
}

AgentConnection::~AgentConnection() { std::erase(all_, this); }

void AgentConnection::Disconnect() {
  control::Command command;
  command.command = control::Command::Kind::kDisconnect;
  auto sent = Send(command);
  if (!sent) LogDebug("instance {}: {}", ForLog(id_), sent.error().ToString());
}

void AgentConnection::CloseUnlessAdmitted() {
  if (!PersonOf(hub_, token_->user_id)) Refuse(kNoLongerAdmitted);
}

void AgentConnection::RefuseTokenEnded() {
  Refuse(token_->HasExpired(hub_.clock()) ? "the token has expired" : "the token was revoked");
}

void AgentConnection::Leave(std::string why) {
  FailWaiting();
  if (!id_.empty()) hub_.registry.Disconnected(id_, *this, std::move(why));
}

void AgentConnection::On(const control::StatusUpdate& update) {
  hub_.registry.SetStatus(id_, *this, update);
}

void AgentConnection::On(const control::ErrorMessage& error) {
  reports_.Note(id_, error.message, hub_.executor.now());
}

Task<void> AgentConnection::NoteEnd(Error why) {
  const std::string_view kind = is_version_1() ? "version-1 connection" : "tunnel";
  const std::string which = id_.empty() ? fmt::format("a {} that never registered", kind)
                                        : fmt::format("instance {}: {}", ForLog(id_), kind);
  LogInfo("{} from {} ended: {}", which, ForLog(address_), why.ToString());
  if (unknown_messages_ > 0 && !id_.empty()) {
    LogInfo("instance {}: {} messages of unknown types were ignored", ForLog(id_),
            unknown_messages_);
  }
  Leave(why.ToString());
  if (!id_.empty()) co_await NoteInstanceLeft(hub_, id_);
}

}  // namespace berth::hub
