#include "hub/dashboard_socket.h"

#include <optional>

#include "base/task_group.h"
#include "http/websocket.h"
#include "hub/api.h"
#include "hub/browser.h"
#include "hub/chat_forwarder.h"
#include "hub/client_view.h"
#include "hub/cross_site.h"
#include "hub/instance_feed.h"
#include "hub/page_proof.h"
#include "identity/identity.h"

namespace berth::hub {
namespace {

/// What may wait for a page beside the data of one forwarded_response: its ids, and other messages.
constexpr std::size_t kMostBeside = std::size_t{1024} * 1024;

http::WebSocketChannel::Options ChannelOptions(const Limits& limits) {
  http::WebSocketChannel::Options options;
  options.max_text = limits.version1_request;  // Of forward_to_client.
  options.max_queued = ChatForwarder::kMaxData + kMostBeside;
  options.accept_binary = false;
  options.counted = http::WebSocketChannel::Counted::kAllButData;
  options.ping_after = limits.ping_after;
  options.ping_answer = limits.ping_answer;
  return options;
}

/// How soon the end of an API token ends what it opened.
constexpr Duration kTokenCheck = std::chrono::seconds(1);

/// Who is at the other end: a page's session, or an API token.
struct Watcher {
  std::int64_t user_id = 0;
  identity::SessionPtr session = {};
  identity::ApiTokenPtr token = {};
  std::string address = {};  ///< Of whoever opened the socket.
};

/// Sets `ended` when the token counts no more.
Task<void> WatchToken(HubContext& hub, identity::ApiTokenPtr token, Event& ended) {
  while (hub.identity.api_tokens().IsAlive(*token) && PersonOf(hub, token->user_id)) {
    co_await Sleep(hub.executor, kTokenCheck);
  }
  ended.Set();
}

/// One open socket.
class DashboardSocket : public identity::AccessObserver {
 public:
  DashboardSocket(HubContext& hub, Watcher watcher, std::string origin, http::BodyPtr incoming)
      : hub_(hub),
        watcher_(std::move(watcher)),
        is_one_too_many_(++hub.dashboards[watcher_.user_id] > hub.limits.dashboards),
        channel_(hub.executor, http::WebSocketRole::kAcceptor, ChannelOptions(hub.limits)),
        feed_(hub, watcher_.user_id,
              {.send = [this](const control::Message& message) { return Send(message); },
               .ping = [this] { channel_.Ping(); }}),
        token_ended_(hub.executor) {
    channel_.Attach(std::move(incoming));
    channel_.OnPong([this] { feed_.OnPong(); });
    if (watcher_.session) {
      chat_.emplace(hub, watcher_.session, std::move(origin),
                    [this](const control::Message& message) { Send(message); });
    } else {
      token_watch_ =
          Job(hub.executor, "watch a token", WatchToken(hub, watcher_.token, token_ended_));
    }
    hub_.identity.Subscribe(*this);
  }
  ~DashboardSocket() override {
    hub_.identity.Unsubscribe(*this);
    const auto open = hub_.dashboards.find(watcher_.user_id);
    if (--open->second == 0) hub_.dashboards.erase(open);
  }

  http::BodyPtr TakeOutgoing() { return channel_.TakeOutgoing(); }

  /// Until the browser leaves, the session or token ends, or the hub stops.
  Task<void> Run() {
    if (is_one_too_many_) co_return Refuse();
    Event& ended = watcher_.session ? watcher_.session->ended : token_ended_;
    for (;;) {
      auto event = co_await WithCancel(hub_.stopping, WithCancel(ended, channel_.Receive()));
      if (ended.is_set()) {
        channel_.Close(http::close_code::kPolicy,
                       watcher_.session ? "the session ended" : "the token ended");
        co_return;
      }
      if (hub_.stopping.is_set()) {
        channel_.Close(http::close_code::kGoingAway, "the hub is restarting");
        co_return;
      }
      if (!event) co_return NoteBroken(event.error());
      if (event->kind == http::WebSocketEvent::Kind::kClose) co_return;
      if (event->kind == http::WebSocketEvent::Kind::kText) Answer(event->text());
    }
  }

  void OnAccessChanged(const identity::AccessChange& change) override {
    if (change.user_id && *change.user_id != watcher_.user_id) return;
    if (chat_) chat_->OnAccessChanged();
  }

 private:
  /// By a close code, because pages are not told with what status an upgrade was refused.
  void Refuse() {
    channel_.Close(http::close_code::kTryAgainLater,
                   "you have too many of these open, as pages or in scripts: close some");
    NoteClosed(hub_.refused_pages, fmt::format("more than {} are open", hub_.limits.dashboards));
  }

  /// What goes away is no news; what sends too much, or reads too little, is.
  void NoteBroken(const Error& why) {
    if (why.kind == ErrorKind::kTooLarge) NoteClosed(hub_.closed_pages, why.message);
  }

  void NoteClosed(LogThinning& lines, std::string_view why) {
    if (!lines.IsWorthALine("closed", hub_.executor.now())) return;
    LogWarn("user {}: dashboard socket from {} closed: {}", watcher_.user_id,
            ForLog(watcher_.address), why);
  }

  /// At once; returns its size.
  std::size_t Send(const control::Message& message) {
    const std::string text = control::Serialise(message);
    auto sent = channel_.SendText(text);
    if (!sent) channel_.Abort(std::move(sent).error());  // It does not read; it will come back.
    return text.size();
  }

  void Answer(std::string_view text) {
    auto message = control::Parse(text, control::Sender::kBrowser, hub_.limits.version1_request);
    if (!message) {
      Send(control::ErrorMessage{.request_id = {}, .message = message.error().message});
      return;
    }
    std::visit([this](const auto& known) { On(known); }, *message);
  }

  void On(const control::GetClients& wanted) { feed_.Want(wanted.vitals); }

  void On(const control::ConnectClient& wanted) {
    control::ConnectResponse answer;
    answer.client_id = wanted.client_id;
    const auto visible = feed_.FindVisible(wanted.client_id);
    answer.success = visible && visible->instance->is_live();
    if (answer.success) {
      answer.url = UrlOf(hub_, *visible->instance, visible->role);
    } else {
      answer.message = visible ? "the instance is not connected" : "no such instance";
    }
    Send(answer);
  }

  void On(const control::Ping&) { Send(control::Pong{}); }

  void On(const control::ForwardToClient& message) {
    if (chat_) {
      watcher_.session->was_used = true;
      return chat_->Forward(message);
    }
    Send(control::ErrorMessage{.request_id = message.request_id,
                               .message = "an API token may only watch"});
  }

  /// Everything else is unknown here, or of no meaning from a browser.
  template <class Other>
  void On(const Other&) {}

  HubContext& hub_;
  const Watcher watcher_;
  const bool is_one_too_many_;  ///< Of its user's.
  http::WebSocketChannel channel_;
  InstanceFeed feed_;
  std::optional<ChatForwarder> chat_;  ///< Of a session only.
  Event token_ended_;
  Job token_watch_;
};

Task<void> RunSocket(std::unique_ptr<DashboardSocket> socket) { co_await socket->Run(); }

}  // namespace

Task<Result<http::Response>> OpenDashboardSocket(HubContext& hub, http::Request request) {
  const auto bearer = BearerOf(request.head);
  const std::string origin = hub.hosts.OriginOf(request.head.authority);
  auto same_origin =
      CheckSameOrigin(request.head, origin, bearer ? Proof::kBearer : Proof::kCookie);
  if (!same_origin) co_return std::move(same_origin).error();
  Watcher watcher;
  std::optional<std::string> protocol;
  if (bearer) {
    const std::string token(*bearer);
    ApiCall call;
    call.request = std::move(request);
    auto refusal = IdentifyByToken(hub, token, identity::Scope::kInstancesRead,
                                   "GET /ws/connect?type=browser", call);
    if (refusal) co_return std::move(*refusal);
    watcher = {.user_id = call.user_id(), .token = std::move(call.token)};
    request = std::move(call.request);
  } else {
    auto session = SessionOf(hub, request.head, identity::Use::kIsNone);
    if (!session) co_return Unauthorized("no session");
    auto refusal = RefusalWithoutProof(hub, request.head, *session);
    if (refusal) co_return std::move(*refusal);
    protocol = PageProofProtocol(request.head);
    watcher = {.user_id = session->user_id, .session = std::move(session)};
  }
  watcher.address = request.peer.address;
  auto socket =
      std::make_unique<DashboardSocket>(hub, std::move(watcher), origin, std::move(request.body));
  http::Response response;
  response.head.status = 101;
  if (protocol) response.head.fields.Add("sec-websocket-protocol", *protocol);
  response.body = socket->TakeOutgoing();
  hub.sockets.Spawn("dashboard socket", RunSocket(std::move(socket)));
  co_return response;
}

}  // namespace berth::hub
