#include "hub/dashboard_socket.h"

#include "base/log.h"
#include "base/task_group.h"
#include "http/websocket.h"
#include "hub/browser.h"
#include "hub/client_view.h"
#include "hub/cross_site.h"
#include "hub/registry.h"

namespace berth::hub {
namespace {

http::WebSocketChannel::Options ChannelOptions(const Limits& limits) {
  http::WebSocketChannel::Options options;
  options.max_text = 64 * 1024;
  options.accept_binary = false;
  options.ping_after = limits.ping_after;
  options.ping_answer = limits.ping_answer;
  return options;
}

/// One open socket.
class DashboardSocket : public RegistryObserver {
 public:
  DashboardSocket(HubContext& hub, identity::SessionPtr session, http::BodyPtr incoming)
      : hub_(hub),
        session_(std::move(session)),
        channel_(hub.executor, http::WebSocketRole::kAcceptor, ChannelOptions(hub.limits)) {
    channel_.Attach(std::move(incoming));
    hub_.registry.Subscribe(*this);
  }
  ~DashboardSocket() override { hub_.registry.Unsubscribe(*this); }

  http::BodyPtr TakeOutgoing() { return channel_.TakeOutgoing(); }

  /// Until the browser leaves or the session ends.
  Task<void> Run() {
    for (;;) {
      auto event = co_await WithCancel(session_->ended, channel_.Receive());
      if (session_->ended.is_set()) {
        channel_.Close(http::close_code::kPolicy, "the session ended");
        co_return;
      }
      if (!event || event->kind == http::WebSocketEvent::Kind::kClose) co_return;
      if (event->kind == http::WebSocketEvent::Kind::kText) Answer(event->text());
    }
  }

  void OnInstanceChanged(const Instance& instance) override {
    if (!wants_updates_ || instance.user_id != session_->user_id) return;
    Send(control::ClientUpdate{.client = ClientViewOf(hub_, instance)});
    if (!instance.is_live()) Send(control::ClientDisconnected{.client_id = instance.id()});
  }

 private:
  void Send(const control::Message& message) {
    auto sent = channel_.SendText(control::Serialise(message));
    if (!sent) channel_.Abort(std::move(sent).error());  // It does not read; it will come back.
  }

  void Answer(std::string_view text) {
    auto message = control::Parse(text, control::Sender::kBrowser);
    if (!message) {
      Send(control::ErrorMessage{.request_id = {}, .message = message.error().message});
      return;
    }
    std::visit([this](const auto& known) { On(known); }, *message);
  }

  void On(const control::GetClients&) {
    wants_updates_ = true;
    control::ClientList list;
    for (const Instance* instance : hub_.registry.List(session_->user_id)) {
      list.clients.push_back(ClientViewOf(hub_, *instance));
    }
    Send(list);
  }

  void On(const control::ConnectClient& wanted) {
    control::ConnectResponse answer;
    answer.client_id = wanted.client_id;
    const Instance* instance = hub_.registry.Find(wanted.client_id, session_->user_id);
    answer.success = instance != nullptr && instance->is_live();
    if (answer.success) {
      answer.url = ClientViewOf(hub_, *instance).url;
    } else {
      answer.message = instance == nullptr ? "no such instance" : "the instance is not connected";
    }
    Send(answer);
  }

  void On(const control::Ping&) { Send(control::Pong{}); }

  void On(const control::ForwardToClient& message) {
    Send(control::ErrorMessage{.request_id = message.request_id,
                               .message = "this hub passes chat to instances over its proxy"});
  }

  /// Everything else is unknown here, or of no meaning from a browser.
  template <class Other>
  void On(const Other&) {}

  HubContext& hub_;
  const identity::SessionPtr session_;
  http::WebSocketChannel channel_;
  bool wants_updates_ = false;
};

Task<void> RunSocket(std::unique_ptr<DashboardSocket> socket) { co_await socket->Run(); }

}  // namespace

Task<Result<http::Response>> OpenDashboardSocket(HubContext& hub, http::Request request) {
  auto same_origin =
      CheckSameOrigin(request.head, hub.hosts.OriginOf(request.head.authority), Proof::kCookie);
  if (!same_origin) co_return std::move(same_origin).error();
  auto session = SessionOf(hub, request.head);
  if (!session) co_return Unauthorized("no session");
  auto socket = std::make_unique<DashboardSocket>(hub, std::move(session), std::move(request.body));
  http::Response response;
  response.head.status = 101;
  response.body = socket->TakeOutgoing();
  hub.sockets.Spawn("dashboard socket", RunSocket(std::move(socket)));
  co_return response;
}

}  // namespace berth::hub
