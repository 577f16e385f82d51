#include "hub/agent_tunnel.h"

#include "base/log.h"
#include "http/taken_connection.h"
#include "hub/registration.h"
#include "identity/identity.h"

namespace berth::hub {

http::Response AgentTunnel::Open(HubContext& hub, AgentConnections& all,
                                 identity::AgentTokenPtr token, http::Request request) {
  auto tunnel = std::make_unique<AgentTunnel>(hub, all, std::move(token), request.peer.address);
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

AgentTunnel::AgentTunnel(HubContext& hub, AgentConnections& all, identity::AgentTokenPtr token,
                         std::string address)
    : AgentConnection(hub, all, std::move(token), std::move(address)),
      grace_(hub.limits.half_close_grace),
      assertions_(hub.identity.signing_keys(), hub.clock, id_),
      link_(hub.executor, hub.limits, *this) {}

AgentTunnel::~AgentTunnel() { Leave(); }

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
  if (!running.is_done()) RefuseTokenEnded();
  Error why = co_await running;
  co_await NoteEnd(std::move(why));
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
  std::visit([this](auto& known) { On(std::move(known)); }, message);
}

void AgentTunnel::On(control::AnswerResult result) {
  if (answers_) answers_->Finish(std::move(result));
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
                         [this](const control::Message& message) { return Send(message); });
}

void AgentTunnel::FailWaiting() {
  if (answers_) answers_->FailAll();
}

}  // namespace berth::hub
