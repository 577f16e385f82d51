#include "hub/v1_peer.h"

#include "base/log.h"
#include "hub/registration.h"
#include "identity/identity.h"
#include "tunnel/link.h"

namespace berth::hub {
namespace {

// Of the largest messages that one user's connections may be sending at the same time.
constexpr std::size_t kMostUnfinished = 4;

http::WebSocketChannel::Options ChannelOptions(const Limits& limits) {
  http::WebSocketChannel::Options options;
  options.max_text = limits.version1_message;
  options.max_queued = 4 * limits.version1_request + limits.control_message;
  options.accept_binary = false;
  options.counted = http::WebSocketChannel::Counted::kIdleFrames;
  options.close_timeout = tunnel::kHubCloseTimeout;
  options.ping_after = limits.ping_after;
  options.ping_answer = limits.ping_answer;
  return options;
}

}  // namespace

/// What comes from the instance, as it is counted.
class V1Peer::Arriving : public http::Body {
 public:
  Arriving(V1Peer& peer, http::BodyPtr inner) : peer_(peer), inner_(std::move(inner)) {}

  Task<Result<http::MutableBytes>> Read() override {
    auto piece = co_await inner_->Read();
    if (!piece) co_return piece;
    auto noted = peer_.NoteArrived(piece->size());
    if (!noted) co_return std::move(noted).error();
    co_return piece;
  }

 private:
  V1Peer& peer_;
  http::BodyPtr inner_;
};

V1Peer::V1Peer(HubContext& hub, AgentConnections& all, identity::AgentTokenPtr token,
               http::Request request, std::size_t& unfinished_of_user)
    : AgentConnection(hub, all, std::move(token), request.peer.address),
      channel_(hub.executor, http::WebSocketRole::kAcceptor, ChannelOptions(hub.limits)),
      streams_(hub),
      register_timer_([this] { Close(http::close_code::kPolicy, "register within the time"); }),
      unfinished_of_user_(unfinished_of_user) {
  channel_.Attach(std::make_unique<Arriving>(*this, std::move(request.body)));
  hub.executor.ArmAfter(register_timer_, hub.limits.register_timeout);
}

V1Peer::~V1Peer() {
  token_end_.Cancel();
  Leave();
  NoteFinished();
}

http::Response V1Peer::TakeResponse() {
  http::Response response;
  response.head.status = 101;
  response.body = channel_.TakeOutgoing();
  return response;
}

Task<void> V1Peer::Run() {
  token_end_ = Job(hub_.executor, "end of token", CloseWhenTokenEnds());
  Error why = Cancelled("closed");
  for (;;) {
    auto event = co_await channel_.Receive();
    if (!event) {
      why = std::move(event).error();
      break;
    }
    if (event->kind == http::WebSocketEvent::Kind::kClose) {
      why = Unavailable(fmt::format("closed: {} {}", event->code, ForLog(event->text())));
      break;
    }
    if (event->kind != http::WebSocketEvent::Kind::kText) continue;
    NoteFinished();
    co_await OnText(event->text());
  }
  register_timer_.Disarm();
  is_over_ = true;
  co_await NoteEnd(std::move(why));
}

Result<void> V1Peer::NoteArrived(std::size_t bytes) {
  unfinished_ += bytes;
  unfinished_of_user_ += bytes;
  if (unfinished_ <= hub_.limits.control_message) return Ok();
  if (unfinished_of_user_ <= kMostUnfinished * hub_.limits.version1_message) return Ok();
  return TooLarge("the unfinished messages of this user's instances are too much to hold");
}

void V1Peer::NoteFinished() { unfinished_of_user_ -= std::exchange(unfinished_, 0); }

Task<void> V1Peer::OnText(std::string_view text) {
  if (is_over_) co_return;
  traffic_.out += static_cast<std::int64_t>(text.size());
  const auto parse = [this](std::string_view json) {
    return control::Parse(json, control::Sender::kAgent, hub_.limits.version1_message,
                          control::MetadataReading::kLenient);
  };
  auto message = parse(text);
  if (!message) {
    if (const auto whole = control::WithWholeCharacters(text)) message = parse(*whole);
  }
  if (!message) {
    LogDebug("instance {}: {}", ForLog(id_), message.error().ToString());
    Tell(message.error().message);
    if (calls_) FailWaiter(control::PartsOfRefused(text));
    co_return;
  }
  if (auto* registration = std::get_if<control::Register>(&*message)) {
    co_await OnRegister(std::move(*registration));
  } else if (std::holds_alternative<control::Unknown>(*message)) {
    ++unknown_messages_;
  } else if (!id_.empty()) {
    OnMessage(std::move(*message));
  } else {
    // Never a pong: an instance that believes itself registered would stay away for ever.
    Tell("not registered: send register first");
  }
}

void V1Peer::FailWaiter(const control::Refused& answer) {
  const bool is_piece = answer.type == control::UserResponse::kType ||
                        answer.type == control::UserResponseChunk::kType;
  if (answer.request_id.empty() || is_piece) return;
  control::ErrorMessage failure;
  failure.request_id = answer.request_id;
  failure.message = "a malformed answer";
  calls_->Deliver(failure);
}

Task<void> V1Peer::OnRegister(control::Register registration) {
  const std::string id = registration.client_id;
  if (!id_.empty() && id != id_) {
    Tell("this connection is registered as another client_id");
    co_return;
  }
  if (registration.user_token.empty()) {
    Tell("field \"user_token\" is missing");
    co_return;
  }
  Result<control::Registered> answer = control::Registered{};
  if (hub_.identity.tokens().Authenticate(registration.user_token) != token_) {
    answer = RefusedRegistration("the token is not that of this connection");
  } else if (!control::IsValidInstanceId(id)) {
    answer = RefusedRegistration("field \"client_id\" is not usable as an id");
  } else {
    answer = co_await RegisterInstance(hub_, token_, address_, std::move(registration), *this);
  }
  if (is_over_) co_return;
  register_timer_.Disarm();
  if (!answer) {
    Close(http::close_code::kTryAgainLater, answer.error().message);
    co_return;
  }
  if (answer->success && id_.empty()) {
    id_ = id;
    calls_ = std::make_shared<V1Calls>(
        id, hub_.limits.tunnel_streams,
        [this](const control::Message& message) { return Send(message); },
        [this] {
          if (is_draining_) Close(http::close_code::kGoingAway, "the hub is restarting");
        },
        SystemRandom());
    streams_.SetCalls(calls_);
  }
  answer->hub = {};  // Version 1 knows success and message.
  auto sent = Send(*answer);
  if (!sent) co_return;
  if (!answer->success) {
    Close(http::close_code::kPolicy, answer->message);
    co_return;
  }
  channel_.Ping();  // For the latency.
  if (is_draining_) Close(http::close_code::kGoingAway, "the hub is restarting");
}

void V1Peer::OnMessage(control::Message message) {
  const auto named = tunnel::InstanceIdOf(message);
  if (named && *named != id_) {
    Tell("field \"client_id\" is not the registered id");
    return;
  }
  if (std::holds_alternative<control::Ping>(message)) {
    auto sent = Send(control::Pong{id_});
    if (!sent) LogDebug("instance {}: {}", id_, sent.error().message);
  } else if (const auto* update = std::get_if<control::StatusUpdate>(&message)) {
    On(*update);
  } else if (const auto* error = std::get_if<control::ErrorMessage>(&message);
             error && error->request_id.empty()) {
    On(*error);
  } else {
    calls_->Deliver(std::move(message));
  }
}

Result<void> V1Peer::Send(const control::Message& message) {
  const std::string text = control::Serialise(message);
  traffic_.in += static_cast<std::int64_t>(text.size());
  return channel_.SendText(text);
}

void V1Peer::Tell(std::string_view error) {
  control::ErrorMessage message;
  message.message = error;
  auto sent = Send(message);
  if (!sent) LogDebug("instance {}: {}", ForLog(id_), sent.error().message);
}

void V1Peer::Close(std::uint16_t code, std::string_view why) {
  if (std::exchange(is_over_, true)) return;
  channel_.Close(code, why);
  Leave(std::string(why));
}

Result<std::string> V1Peer::Assert(const identity::PersonPtr&, std::string_view,
                                   control::Role role) {
  if (role == control::Role::kViewer) return Forbidden("version 1 cannot be only looked at");
  return std::string();
}

void V1Peer::Fence(std::string_view reason) {
  if (is_over_) return;
  Tell(reason);
  // Else it would come back in seconds and take the id again, for ever.
  Disconnect();
  Close(http::close_code::kPolicy, reason);
}

void V1Peer::Drain() {
  if (std::exchange(is_draining_, true)) return;
  if (!calls_ || calls_->size() == 0) Close(http::close_code::kGoingAway, "the hub is restarting");
}

Task<void> V1Peer::CloseWhenTokenEnds() {
  co_await token_->ended.Wait();
  RefuseTokenEnded();
}

void V1Peer::Refuse(std::string_view why) {
  LogInfo("instance {}: {}", ForLog(id_), why);
  if (!is_over_) Tell(why);
  Close(http::close_code::kPolicy, why);
}

void V1Peer::FailWaiting() {
  if (calls_) calls_->Close();
}

}  // namespace berth::hub
