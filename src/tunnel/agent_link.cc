#include "tunnel/agent_link.h"

#include "base/event.h"
#include "base/log.h"
#include "control/problem_detail.h"
#include "control/v1_proxy.h"
#include "http/h2_server_session.h"
#include "http/query.h"

namespace berth::tunnel {
namespace {

// Name look-up, TCP and TLS have a deadline each; this one is for all of them and the answer.
constexpr int kDialSteps = 3;

// A refusal that is not the hub's own (a forward proxy's, say) says nothing about our token or id.
Error OnTheWay(Error error) {
  const bool is_refusal = error.kind == ErrorKind::kUnauthorized ||
                          error.kind == ErrorKind::kForbidden || error.kind == ErrorKind::kConflict;
  if (is_refusal) error.kind = ErrorKind::kInvalid;
  return error;
}

/// What to make of an answer that a hub does not give to an agent.
std::string WhyNoHub(const http::ResponseHead& head) {
  switch (head.status) {
    case 400:
    case 426:
      return "it seems that a proxy before the hub does not pass WebSockets on (Upgrade, "
             "Connection, HTTP/1.1)";
    case 301:
    case 302:
    case 307:
    case 308:
      if (const auto location = head.fields.Find("location")) {
        // Version 1 has its token in the query of what it asks for, which proxies send back.
        return fmt::format("it leads to {}; if the hub is there, give that as --hub",
                           ForLog(location->substr(0, location->find_first_of("?#"))));
      }
      break;
    default:
      break;
  }
  return "not a hub's address";
}

}  // namespace

AgentLink::AgentLink(Executor& executor, const Limits& limits, const HubAddress& hub,
                     control::Register registration, http::Service& dialer, http::Service& streams,
                     Observer& observer)
    : executor_(executor),
      limits_(limits),
      hub_(hub),
      registration_(std::move(registration)),
      dialer_(dialer),
      streams_(streams),
      observer_(observer),
      link_(executor, limits, http::WebSocketRole::kDialer, *this, hub.protocol),
      left_(executor),
      heartbeat_timer_([this] { Beat(); }),
      pong_timer_([this] { link_.channel().Abort(Timeout("the hub did not answer our ping")); }),
      register_timer_(
          [this] { link_.channel().Abort(Timeout("the hub did not answer our registration")); }) {}

AgentLink::~AgentLink() = default;

Task<Error> AgentLink::Run() {
  auto dial = WithDeadline(executor_, kDialSteps * limits_.connect_timeout, "dial the hub", Dial());
  auto response = co_await WithCancel(left_, std::move(dial));
  if (!response) co_return OnTheWay(std::move(response).error());
  auto checked = CheckResponse(response->head);
  if (!checked) co_return std::move(checked).error();
  link_.channel().Attach(std::move(response->body));
  control::Register registration = registration_;
  if (hub_.protocol == Protocol::kVersion1) registration.user_token = hub_.token.Reveal();
  auto sent = link_.Send(registration);
  if (!sent) co_return std::move(sent).error();
  executor_.ArmAfter(register_timer_, limits_.register_timeout);
  Error why = co_await link_.Run();
  register_timer_.Disarm();
  heartbeat_timer_.Disarm();
  pong_timer_.Disarm();
  is_registered_ = false;
  if (told_) co_return *told_;
  co_return why;
}

Task<Result<http::Response>> AgentLink::Dial() {
  http::Request request;
  request.head.method = "GET";
  request.head.scheme = hub_.scheme;
  request.head.authority = hub_.authority;
  request.head.target = hub_.target;
  request.head.protocol = "websocket";
  if (hub_.protocol == Protocol::kVersion1) {
    request.head.target +=
        fmt::format("?token={}&client_id={}", http::EscapeQuery(hub_.token.Reveal()),
                    http::EscapeQuery(registration_.client_id));
  } else {
    request.head.fields.Add("authorization", fmt::format("Bearer {}", hub_.token.Reveal()));
    request.head.fields.Add("sec-websocket-protocol", kSubprotocol);
  }
  request.head.fields.Add("user-agent", "berth/" BERTH_VERSION);
  request.body = link_.channel().TakeOutgoing();
  auto response = co_await dialer_.Exchange(std::move(request));
  if (!response) co_return response;
  is_answered_ = true;
  if (response->head.status == 421) {
    auto detail = co_await control::ReadProblemDetail(*response);
    if (detail && !detail->empty()) {
      co_return Invalid(
          fmt::format("{}{} answered: {}", hub_.authority, hub_.target, ForLog(*detail)));
    }
  }
  co_return response;
}

Result<void> AgentLink::CheckResponse(const http::ResponseHead& head) const {
  const int status = head.status;
  if (status == 101) {
    if (hub_.protocol == Protocol::kVersion1) return Ok();
    if (head.fields.Find("sec-websocket-protocol") == kSubprotocol) return Ok();
    return Invalid(
        "the hub speaks only version 1 of the protocol (it did not accept the subprotocol "
        "berth.h2); set --protocol 1 or ORCHESTRATOR_PROTOCOL=1 for it, which sends the token in "
        "the URL");
  }
  if (status == 401) {
    // A hub of version 1 looks for the token in the URL, finds none, and says just this.
    const bool is_ours = head.fields.Find("content-type") == "application/problem+json";
    if (is_ours || hub_.protocol == Protocol::kVersion1) {
      return Unauthorized("the hub does not accept the token");
    }
    return Unauthorized(
        "the hub does not accept the token; if it speaks only version 1 of the protocol, set "
        "--protocol 1 or ORCHESTRATOR_PROTOCOL=1, which sends the token in the URL");
  }
  if (status == 403) return Forbidden("the hub refuses the connection");
  if (status == 429 || status >= 500) {
    return Unavailable(fmt::format("the hub answered {}", status));
  }
  return Invalid(
      fmt::format("{}{} answered {}: {}", hub_.authority, hub_.target, status, WhyNoHub(head)));
}

std::unique_ptr<http::H2Session> AgentLink::MakeSession() {
  if (!is_registered_) return nullptr;
  http::H2Options options{.carrier = http::H2Carrier::kTunnel};
  options.peer.address = hub_.authority;
  return std::make_unique<http::H2ServerSession>(executor_, limits_, streams_, std::move(options));
}

Task<void> AgentLink::OnText(std::string_view text) {
  const std::uint64_t limit =
      hub_.protocol == Protocol::kVersion1 ? limits_.version1_message : limits_.control_message;
  auto message = control::Parse(text, control::Sender::kHubToAgent, limit);
  if (!message) {
    LogWarn("message of the hub: {}", ForLog(message.error().ToString()));
    RefuseMessage(text, message.error().message);
    co_return;
  }
  std::visit([this](const auto& known) { On(known); }, *message);
}

void AgentLink::RefuseMessage(std::string_view text, std::string why) {
  control::Refused refused = control::PartsOfRefused(text);
  // Else both ends might go on like that for ever.
  if (refused.type == control::ErrorMessage::kType) return;
  control::ErrorMessage error;
  error.request_id = std::move(refused.request_id);
  error.message = std::move(why);
  auto sent = link_.Send(error);
  if (!sent) LogDebug("not sent to the hub: {}", sent.error().message);
}

void AgentLink::On(const control::Registered& registered) {
  if (is_registered_ || link_.is_closing()) return;
  register_timer_.Disarm();
  if (!registered.success) {
    told_ = Forbidden("the hub refuses this id: " + ForLog(registered.message));
    link_.Close(http::close_code::kNormal, *told_);
    return;
  }
  auto checked = observer_.CheckHub(registered);
  if (!checked) {
    told_ = std::move(checked).error();
    link_.Close(http::close_code::kPolicy, *told_);
    return;
  }
  is_registered_ = true;
  if (hub_.protocol == Protocol::kVersion1) {
    executor_.ArmAfter(heartbeat_timer_, limits_.ping_after);
  } else {
    link_.channel().Ping();  // For the latency.
  }
  observer_.OnRegistered(registered);
}

void AgentLink::Beat() {
  control::Ping ping;
  ping.client_id = registration_.client_id;
  auto sent = link_.Send(ping);
  if (!sent) return;
  if (!pong_timer_.is_armed()) executor_.ArmAfter(pong_timer_, limits_.ping_answer);
  executor_.ArmAfter(heartbeat_timer_, limits_.ping_after);
}

void AgentLink::On(const control::Pong&) { pong_timer_.Disarm(); }

void AgentLink::On(const control::Fenced& fenced) {
  told_ = Conflict(ForLog(fenced.message));
  link_.Close(http::close_code::kNormal, *told_);
}

void AgentLink::On(const control::Command& command) {
  if (command.command == control::Command::Kind::kDisconnect) {
    // Version 1 has no other way to say that the id is another agent's now.
    const bool may_be_fenced = hub_.protocol == Protocol::kVersion1;
    told_ =
        Cancelled(fmt::format("the hub told this agent to leave: somebody disconnected it there{}",
                              may_be_fenced ? ", or another agent has its id" : ""));
    link_.Close(http::close_code::kNormal, *told_);
  } else if (is_registered_) {
    observer_.OnMessage(command);
  }
}

void AgentLink::On(const control::ErrorMessage& error) {
  if (error.auth_error) {
    told_ = Unauthorized("the hub says: " + ForLog(error.message));
    link_.Close(http::close_code::kNormal, *told_);
    return;
  }
  LogWarn("the hub says: {}", ForLog(error.message));
}

Result<void> AgentLink::Send(const control::Message& message) {
  if (!is_registered_ || link_.is_closing()) return Unavailable("not connected to the hub");
  return link_.Send(message);
}

void AgentLink::Drain(std::string_view why) {
  if (!is_registered_) {
    left_.Set();
    link_.channel().Abort(Cancelled(std::string(why)));
    return;
  }
  if (hub_.protocol == Protocol::kTunnel) return link_.Drain(why);
  link_.Close(http::close_code::kGoingAway, Cancelled("drained"));
}

void AgentLink::Ping() {
  if (hub_.protocol == Protocol::kTunnel) {
    link_.channel().Ping();
  } else if (is_registered_ && !pong_timer_.is_armed()) {
    Beat();
  }
}

}  // namespace berth::tunnel
