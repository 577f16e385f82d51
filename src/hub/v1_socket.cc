#include "hub/v1_socket.h"

#include "base/log.h"
#include "control/v1_chat.h"
#include "http/websocket.h"

namespace berth::hub {
namespace {

constexpr std::string_view kChatPath = "/ws";
constexpr std::string_view kTerminalPath = "/shell";

http::WebSocketChannel::Options ChannelOptions(const Limits& limits) {
  http::WebSocketChannel::Options options;
  options.max_text = limits.version1_request;
  options.max_queued = limits.version1_message + limits.stream_buffer;
  options.accept_binary = false;
  options.counted = http::WebSocketChannel::Counted::kIdleFrames;
  options.ping_after = limits.ping_after;
  options.ping_answer = limits.ping_answer;
  return options;
}

/// One browser's chat socket.
class ChatSocket : public V1Calls::Waiter {
 public:
  ChatSocket(HubContext& hub, std::shared_ptr<V1Calls> calls, http::BodyPtr incoming)
      : calls_(std::move(calls)),
        channel_(hub.executor, http::WebSocketRole::kAcceptor, ChannelOptions(hub.limits)) {
    channel_.Attach(std::move(incoming));
  }
  ~ChatSocket() override { EndRequest(); }

  http::BodyPtr TakeOutgoing() { return channel_.TakeOutgoing(); }

  /// Until one side leaves.
  Task<void> Run() {
    for (;;) {
      auto event = co_await channel_.Receive();
      if (!event || event->kind == http::WebSocketEvent::Kind::kClose) break;
      if (event->kind == http::WebSocketEvent::Kind::kText) Take(event->text());
    }
    EndRequest();
  }

  void OnData(const control::Json& data) override { Show(control::ChatText(data)); }
  void OnComplete(const std::optional<control::Json>& data) override {
    calls_->Forget(std::exchange(request_id_, ""));
    const control::ChatClose close = control::ParseChatClose(data);
    if (close.is_close) {
      const bool is_valid = close.code > 0 && close.code < 5000 &&
                            http::IsValidCloseCode(static_cast<std::uint16_t>(close.code));
      channel_.Close(is_valid ? static_cast<std::uint16_t>(close.code) : http::close_code::kNormal,
                     close.reason);
    } else if (data && data->text != "null") {
      Show(control::ChatText(*data));
    }
  }
  void OnError(const control::ErrorMessage& error) override {
    calls_->Forget(std::exchange(request_id_, ""));
    Complain(error.message);
  }
  void OnGone() override {
    request_id_.clear();
    channel_.Close(http::close_code::kGoingAway, "the instance went away");
  }

 private:
  void Show(std::string_view text) {
    auto sent = channel_.SendText(text);
    if (!sent && channel_.is_open()) channel_.Abort(std::move(sent).error());
  }
  /// As the instance's own chat says that something is wrong.
  void Complain(std::string_view why) {
    Show(control::ComposeChatFrame("error", control::ErrorPayload(why)));
  }

  void Take(std::string_view text) {
    auto frame = control::ParseChatFrame(text);
    if (!frame) return Complain(frame.error().message);
    Result<void> said = Ok();
    if (request_id_.empty()) {
      auto id = calls_->Begin(*this);
      if (!id) return Complain(id.error().message);
      request_id_ = std::move(*id);
      said = calls_->Say(control::UserRequest{.request_id = request_id_,
                                              .action = std::move(frame->action),
                                              .payload = std::move(frame->payload)});
    } else {
      said = calls_->Say(
          control::UserRequestFollowUp{.request_id = request_id_, .payload = {std::string(text)}});
    }
    if (!said) Complain(said.error().message);
  }

  void EndRequest() {
    if (request_id_.empty()) return;
    const std::string id = std::exchange(request_id_, "");
    // First, as a connection that drains closes with the last request.
    auto said = calls_->Say(control::UserRequestFollowUp{
        .request_id = id, .payload = {std::string(control::kClosePayload)}});
    if (!said) LogDebug("instance {}: {}", calls_->instance_id(), said.error().message);
    calls_->Forget(id);
  }

  const std::shared_ptr<V1Calls> calls_;
  http::WebSocketChannel channel_;
  std::string request_id_;  ///< Of the request that runs; "" between two.
};

/// A socket that says why it closes.
class RefusedSocket {
 public:
  RefusedSocket(HubContext& hub, std::string_view why, http::BodyPtr incoming)
      : channel_(hub.executor, http::WebSocketRole::kAcceptor, ChannelOptions(hub.limits)) {
    channel_.Attach(std::move(incoming));
    channel_.Close(kCannotCarry, why);
  }
  http::BodyPtr TakeOutgoing() { return channel_.TakeOutgoing(); }

  Task<void> Run() {
    for (;;) {
      auto event = co_await channel_.Receive();
      if (!event || event->kind == http::WebSocketEvent::Kind::kClose) co_return;
    }
  }

 private:
  http::WebSocketChannel channel_;
};

template <class Socket>
Task<void> RunSocket(std::unique_ptr<Socket> socket) {
  co_await socket->Run();
}

/// A browser that offers subprotocols takes no socket without one of them (RFC 6455, section 4.1),
/// and would not see why it closes.
template <class Socket>
http::Response Serve(HubContext& hub, std::unique_ptr<Socket> socket,
                     const http::RequestHead& head) {
  http::Response response;
  response.head.status = 101;
  const std::string_view offered = head.fields.Find("sec-websocket-protocol").value_or("");
  const std::string_view first = http::TrimOws(offered.substr(0, offered.find(',')));
  if (!first.empty()) response.head.fields.Add("sec-websocket-protocol", first);
  response.body = socket->TakeOutgoing();
  hub.sockets.Spawn("version-1 socket", RunSocket(std::move(socket)));
  return response;
}

}  // namespace

http::Response OpenV1Socket(HubContext& hub, std::shared_ptr<V1Calls> calls,
                            http::Request request) {
  const std::string_view path = request.head.path();
  if (path == kChatPath) {
    return Serve(hub, std::make_unique<ChatSocket>(hub, std::move(calls), std::move(request.body)),
                 request.head);
  }
  const std::string_view why =
      path == kTerminalPath
          ? "This instance speaks protocol version 1, which cannot carry the terminal."
          : "This instance speaks protocol version 1, which cannot carry this WebSocket.";
  return Serve(hub, std::make_unique<RefusedSocket>(hub, why, std::move(request.body)),
               request.head);
}

}  // namespace berth::hub
