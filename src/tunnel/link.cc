#include "tunnel/link.h"

#include "base/check.h"
#include "base/log.h"

namespace berth::tunnel {
namespace {

http::WebSocketChannel::Options ChannelOptions(const Limits& limits, http::WebSocketRole role,
                                               Protocol protocol) {
  http::WebSocketChannel::Options options;
  if (role == http::WebSocketRole::kAcceptor) {
    options.close_timeout = kHubCloseTimeout;
    options.counted = http::WebSocketChannel::Counted::kAllButData;
  }
  if (protocol == Protocol::kVersion1) {
    options.max_text = limits.version1_message;
    options.max_queued = 2 * limits.version1_message;
    options.accept_binary = false;
    return options;
  }
  options.max_text = limits.control_message;
  options.max_queued = 4 * limits.control_message;
  options.piece = http::kH2Write;
  options.ping_after = limits.ping_after;
  options.ping_answer = limits.ping_answer;
  return options;
}

}  // namespace

Link::Link(Executor& executor, const Limits& limits, http::WebSocketRole role, LinkOwner& owner,
           Protocol protocol)
    : owner_(owner),
      channel_(executor, role, ChannelOptions(limits, role, protocol)),
      executor_(executor) {}

Link::~Link() {
  channel_.ClearBinarySource();
  if (session_) session_->Close(Unavailable("the tunnel is gone"));
}

void Link::StartSession(std::unique_ptr<http::H2Session> session) {
  CHECK(!session_ && session);
  session_ = std::move(session);
  finished_timer_ = std::make_unique<Timer>([this] { CloseIfFinished(); });
  channel_.SetBinarySource(
      [this](http::PayloadWriter& out, std::size_t limit) {
        sent_ += session_->Produce(out, limit);
        if (session_->is_finished()) executor_.ArmAfter(*finished_timer_, Duration::zero());
      },
      session_->output());
  if (is_draining_) session_->Drain();
}

Task<Error> Link::Run() {
  for (;;) {
    auto event = co_await channel_.Receive();
    if (!event) co_return End(std::move(event).error());
    if (event->kind == http::WebSocketEvent::Kind::kText) {
      co_await owner_.OnText(event->text());
      continue;
    }
    auto taken = Take(*event);
    if (!taken) co_return End(std::move(taken).error());
  }
}

Error Link::End(Error why) {
  if (is_draining_) why = Cancelled("drained");
  if (why_) why = *why_;
  channel_.ClearBinarySource();
  if (session_) session_->Close(Unavailable("the tunnel is gone"));
  owner_.OnEnd();
  return why;
}

Result<void> Link::Take(const http::WebSocketEvent& event) {
  if (event.kind == http::WebSocketEvent::Kind::kClose) {
    return Unavailable(
        fmt::format("the other end closed the tunnel: {} {}", event.code, ForLog(event.text())));
  }
  if (event.kind == http::WebSocketEvent::Kind::kBinary) TakeBinary(event.data);
  return Ok();
}

void Link::TakeBinary(http::MutableBytes data) {
  if (!session_) {
    auto session = owner_.MakeSession();
    if (!session) {
      return Close(http::close_code::kUnsupported, Invalid("binary frame before any stream"));
    }
    StartSession(std::move(session));
  }
  received_ += data.size();
  auto taken = session_->Receive(data);
  if (!taken) {
    Close(http::close_code::kProtocolError, Wrap(std::move(taken).error(), "tunnel"));
  } else {
    CloseIfFinished();
  }
}

Result<void> Link::Send(const control::Message& message) {
  auto sent = channel_.SendText(control::Serialise(message));
  if (!sent && sent.error().kind == ErrorKind::kTooLarge) channel_.Abort(sent.error());
  return sent;
}

void Link::Drain(std::string_view why) {
  if (std::exchange(is_draining_, true) || !channel_.is_open()) return;
  auto sent = Send(control::Drain{std::string(why)});
  if (!sent) return;
  if (session_) session_->Drain();
  CloseIfFinished();
}

// Once HTTP/2 has nothing more to say (drained, by either end, or broken), the WebSocket ends too.
void Link::CloseIfFinished() {
  const bool is_finished = session_ ? session_->is_finished() : is_draining_;
  if (!is_finished) return;
  Close(http::close_code::kGoingAway,
        is_draining_ ? Cancelled("drained") : Unavailable("the streams of the tunnel ended"));
}

void Link::Close(std::uint16_t code, Error why) {
  if (why_) return;
  channel_.Close(code, why.message);
  if (session_ && code == http::close_code::kPolicy) {
    session_->CloseAndDiscard(Unavailable("the tunnel is gone"));
  } else if (session_) {
    session_->Close(Unavailable("the tunnel is gone"));
  }
  why_ = std::make_unique<Error>(std::move(why));
}

std::optional<std::string_view> InstanceIdOf(const control::Message& message) {
  if (const auto* update = std::get_if<control::StatusUpdate>(&message)) return update->client_id;
  if (const auto* again = std::get_if<control::Register>(&message)) return again->client_id;
  if (const auto* ping = std::get_if<control::Ping>(&message)) {
    if (!ping->client_id.empty()) return ping->client_id;
  }
  return std::nullopt;
}

}  // namespace berth::tunnel
