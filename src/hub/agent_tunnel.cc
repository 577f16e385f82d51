#include "hub/agent_tunnel.h"

#include "base/log.h"
#include "http/taken_connection.h"
#include "hub/browser.h"
#include "hub/registration.h"
#include "identity/identity.h"

namespace berth::hub {

http::Response AgentTunnel::Open(HubContext& hub, TunnelEndpoint& endpoint,
                                 identity::AgentTokenPtr token, http::Request request) {
  auto tunnel =
      std::make_unique<AgentTunnel>(hub, endpoint, std::move(token), request.peer.address);
  http::Response response = tunnel->link_.TakeResponse();
  if (!request.may_take_over) {
    tunnel->link_.Attach(std::move(request.body));
    hub.sockets.Spawn("tunnel", ServeExchange(std::move(tunnel)));
    return response;
  }
  response.takeover = std::make_unique<http::Takeover>(
      [tunnel = std::move(tunnel), outgoing = std::move(response.body)](net::StreamPtr stream,
                                                                        std::string first) mutable {
        return ServeConnection(std::move(tunnel), std::move(outgoing), std::move(stream),
                               std::move(first));
      });
  return response;
}

AgentTunnel::AgentTunnel(HubContext& hub, TunnelEndpoint& endpoint, identity::AgentTokenPtr token,
                         std::string address)
    : hub_(hub),
      endpoint_(endpoint),
      token_(std::move(token)),
      address_(std::move(address)),
      grace_(hub.limits.half_close_grace),
      assertions_(hub.identity.signing_keys(), hub.clock, id_),
      link_(hub.executor, hub.limits, *this) {
  endpoint_.tunnels_.push_back(this);
}

AgentTunnel::~AgentTunnel() {
  Leave();
  std::erase(endpoint_.tunnels_, this);
}

Task<void> AgentTunnel::ServeExchange(std::unique_ptr<AgentTunnel> tunnel) {
  co_await tunnel->Run();
}

Task<void> AgentTunnel::ServeConnection(std::unique_ptr<AgentTunnel> tunnel, http::BodyPtr outgoing,
                                        net::StreamPtr stream, std::string first) {
  HubContext& hub = tunnel->hub_;
  auto writing = http::WriteOut(std::move(outgoing), *stream);
  writing.Start();
  tunnel->link_.Attach(http::ArrivingBody(*stream, std::move(first)));
  co_await tunnel->Run();
  const Duration grace = tunnel->grace_;
  tunnel.reset();  // What is queued still leaves, a close frame last.
  // However it ends, there is nothing left to do but to close.
  (void)co_await WithDeadline(hub.executor, grace, "end of a tunnel",
                              http::FinishConnection(std::move(writing), *stream));
}

Task<void> AgentTunnel::Run() {
  auto running = link_.Run();
  running.Start();
  co_await DoneOr(running, token_->ended);
  if (!running.is_done()) {
    Refuse(token_->HasExpired(hub_.clock()) ? "the token has expired" : "the token was revoked");
  }
  const Error why = co_await running;
  const std::string which = id_.empty() ? "a tunnel that never registered"
                                        : fmt::format("instance {}: tunnel", ForLog(id_));
  LogInfo("{} from {} ended: {}", which, ForLog(address_), why.ToString());
  if (unknown_messages_ > 0 && !id_.empty()) {
    LogInfo("instance {}: {} messages of unknown types were ignored", ForLog(id_),
            unknown_messages_);
  }
  Leave(why.ToString());
  if (!id_.empty()) co_await NoteInstanceLeft(hub_, id_);
}

void AgentTunnel::Disconnect() {
  control::Command command;
  command.command = control::Command::Kind::kDisconnect;
  auto sent = link_.Send(command);
  if (!sent) LogDebug("instance {}: {}", ForLog(id_), sent.error().ToString());
}

Task<Result<control::Registered>> AgentTunnel::OnRegister(control::Register registration) {
  const std::string id = registration.client_id;
  const std::string tunnel = registration.tunnel;
  if (!IsInstanceLabel(id)) {
    co_return RefusedRegistration(
        "an id is 1 to 63 of a-z, 0-9 and '-', so that it can be a host name");
  }
  auto answer = co_await RegisterInstance(hub_, token_, address_, std::move(registration), *this);
  if (!answer || !answer->success) co_return answer;
  id_ = id;
  assertions_.Begin(tunnel);
  answer->hub.keys = assertions_.Announce();
  co_return answer;
}

void AgentTunnel::AnnounceKeys() {
  if (!link_.is_registered()) return;  // It is told when it registers.
  auto sent = link_.Send(control::HubKeys{assertions_.Announce()});
  if (!sent) LogDebug("instance {}: {}", ForLog(id_), sent.error().ToString());
}

void AgentTunnel::OnMessage(control::Message message) {
  if (const auto* update = std::get_if<control::StatusUpdate>(&message)) {
    hub_.registry.SetStatus(id_, *this, *update);
  } else if (auto* result = std::get_if<control::AnswerResult>(&message)) {
    if (answers_) answers_->Finish(std::move(*result));
  } else if (const auto* error = std::get_if<control::ErrorMessage>(&message)) {
    reports_.Note(id_, error->message, hub_.executor.now());
  } else if (std::holds_alternative<control::Unknown>(message)) {
    ++unknown_messages_;
  }
}

void AgentTunnel::CloseUnlessAdmitted() {
  if (!PersonOf(hub_, token_->user_id)) Refuse(kNoLongerAdmitted);
}

void AgentTunnel::Refuse(std::string_view why) {
  LogInfo("instance {}: {}", ForLog(id_), why);
  link_.Close(why, /*is_auth_error=*/true);
  grace_ = std::min<Duration>(grace_, tunnel::kHubCloseTimeout);
  Leave(std::string(why));
}

Task<Result<control::AnswerResult>> AgentTunnel::GiveAnswer(control::Answer answer) {
  if (!answers_) answers_ = std::make_unique<PendingAnswers>(hub_.executor);
  return answers_->Start(std::move(answer),
                         [this](const control::Message& message) { return link_.Send(message); });
}

void AgentTunnel::Leave(std::string why) {
  if (answers_) answers_->FailAll();
  if (!id_.empty()) hub_.registry.Disconnected(id_, *this, std::move(why));
}

}  // namespace berth::hub
