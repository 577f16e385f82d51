#include "tunnel/hub_link.h"

#include <algorithm>

#include "base/log.h"

namespace berth::tunnel {
namespace {

Task<Result<http::Response>> Fail(Error error) { co_return error; }

http::H2Options SessionOptions() { return {.carrier = http::H2Carrier::kTunnel}; }

}  // namespace

bool IsTunnelRequest(const http::RequestHead& head) {
  return head.protocol == "websocket" &&
         head.fields.HasToken("sec-websocket-protocol", kSubprotocol);
}

HubLink::HubLink(Executor& executor, const Limits& limits, Observer& observer)
    : executor_(executor),
      limits_(limits),
      observer_(observer),
      link_(executor, limits, http::WebSocketRole::kAcceptor, *this),
      register_timer_(std::make_unique<Timer>([this] {
        Tell("register within the time");
        is_over_ = true;
        link_.Close(http::close_code::kPolicy, Timeout("the agent did not register in time"));
      })) {
  link_.channel().LimitText(std::min(kMaxFirstMessage, limits.control_message));
  executor.ArmAfter(*register_timer_, limits.register_timeout);
}

HubLink::~HubLink() = default;

http::Response HubLink::TakeResponse() {
  http::Response response;
  response.head.status = 101;
  response.head.fields.Add("sec-websocket-protocol", kSubprotocol);
  response.body = link_.channel().TakeOutgoing();
  return response;
}

void HubLink::StopRegisterTimer() {
  if (register_timer_) register_timer_->Disarm();
}

void HubLink::OnEnd() {
  StopRegisterTimer();
  is_over_ = true;
}

Task<Result<http::Response>> HubLink::Streams::Exchange(http::Request request) {
  // Not a coroutine: an exchange may outlive the link, and its frame must not refer to it.
  if (!link_.is_registered_ || link_.is_over_ || link_.link_.is_closing()) {
    return Fail(Unavailable("the instance is not connected"));
  }
  if (link_.session_ == nullptr) {
    auto session =
        std::make_unique<http::H2ClientSession>(link_.executor_, link_.limits_, SessionOptions());
    link_.session_ = session.get();
    link_.link_.StartSession(std::move(session));
  }
  return link_.session_->Exchange(std::move(request));
}

std::size_t HubLink::stream_count() const {
  return session_ == nullptr ? 0 : session_->stream_count();
}

Task<void> HubLink::OnText(std::string_view text) {
  if (is_over_) co_return;
  auto message = control::Parse(text, control::Sender::kAgent, limits_.control_message);
  if (!message) {
    LogDebug("tunnel of {}: {}", ForLog(instance_id_), message.error().ToString());
    Tell(message.error().message);
  }
  if (is_registered_) {
    if (message) OnMessage(std::move(*message));
    co_return;
  }
  if (!message || !std::holds_alternative<control::Register>(*message)) {
    Close("the first message must be a valid register", false);
    co_return;
  }
  co_await OnRegister(std::get<control::Register>(std::move(*message)));
}

Task<void> HubLink::OnRegister(control::Register registration) {
  std::string id = registration.client_id;
  if (!control::IsValidInstanceId(id)) {
    Close("field \"client_id\" is not usable as an id", false);
    co_return;
  }
  auto answer = co_await observer_.OnRegister(std::move(registration));
  if (is_over_) co_return;
  if (!answer) {
    StopRegisterTimer();
    is_over_ = true;
    link_.Close(http::close_code::kTryAgainLater, std::move(answer).error());
    co_return;
  }
  auto sent = link_.Send(*answer);
  if (!sent) co_return;
  register_timer_.reset();
  if (!answer->success) {
    is_over_ = true;
    link_.Close(http::close_code::kPolicy, Forbidden("refused: " + answer->message));
    co_return;
  }
  instance_id_ = std::move(id);
  is_registered_ = true;
  link_.channel().LimitText(limits_.control_message);
  link_.channel().Ping();  // For the latency.
}

void HubLink::OnMessage(control::Message message) {
  const auto id = InstanceIdOf(message);
  if (id && *id != instance_id_) {
    Tell("field \"client_id\" is not the registered id");
    return;
  }
  if (std::holds_alternative<control::Register>(message)) {
    Tell("already registered");
  } else if (std::holds_alternative<control::Ping>(message)) {
    auto sent = link_.Send(control::Pong{instance_id_});
    if (!sent) LogDebug("tunnel of {}: {}", instance_id_, sent.error().ToString());
  } else {
    observer_.OnMessage(std::move(message));
  }
}

// An `error` to the agent; the connection stays.
void HubLink::Tell(std::string_view error) {
  auto sent = link_.Send(control::ErrorMessage{.message = std::string(error)});
  if (!sent) LogDebug("tunnel of {}: {}", ForLog(instance_id_), sent.error().ToString());
}

Result<void> HubLink::Send(const control::Message& message) {
  if (!is_registered_ || is_over_) return Unavailable("the instance is not connected");
  return link_.Send(message);
}

void HubLink::Fence(std::string_view why) {
  if (std::exchange(is_over_, true)) return;
  StopRegisterTimer();
  auto sent = link_.Send(control::Fenced{std::string(why)});
  if (!sent) LogDebug("tunnel of {}: {}", instance_id_, sent.error().ToString());
  link_.Close(http::close_code::kPolicy, Conflict(std::string(why)));
}

void HubLink::Close(std::string_view why, bool is_auth_error) {
  if (std::exchange(is_over_, true)) return;
  StopRegisterTimer();
  auto sent =
      link_.Send(control::ErrorMessage{.message = std::string(why), .auth_error = is_auth_error});
  if (!sent) LogDebug("tunnel of {}: {}", ForLog(instance_id_), sent.error().ToString());
  const bool is_before = !is_registered_ && !is_auth_error;
  link_.Close(http::close_code::kPolicy,
              is_before ? Invalid(std::string(why)) : Cancelled(std::string(why)));
}

void HubLink::Drain(std::string_view why) { link_.Drain(why); }

}  // namespace berth::tunnel
