#include "hub/dashboard_socket.h"

#include <optional>
#include <set>

#include "base/task_group.h"
#include "http/websocket.h"
#include "hub/api.h"
#include "hub/browser.h"
#include "hub/chat_forwarder.h"
#include "hub/client_view.h"
#include "hub/cross_site.h"
#include "hub/page_proof.h"
#include "hub/registry.h"
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

/// How often a page is told of latencies and traffic that changed, and of how many instances at
/// once.
constexpr Duration kVitalsEvery = std::chrono::seconds(3);
constexpr std::size_t kMaxVitals = 500;

/// How much of instances may be on its way until a pong shows that it was read; what changes after
/// that waits, and is told once. So a list of any size goes in pieces, a page that does not read
/// costs little, and pings and answers wait behind one piece at most: on a link that carries 7 KB/s
/// it is there within ping_answer. An instance alone may take more, with its questions.
constexpr std::size_t kMaxUnread = 64 * 1024;

/// How long a page may show what is no longer open to somebody, or not yet what is: those who give
/// and take access again and again cost each page one look at that instance each time.
constexpr Duration kAccessSoon = std::chrono::milliseconds(100);

/// How long a page waits at most for the list that it asks for anew, if it reads: those who ask
/// again and again cost one list each time.
constexpr Duration kListEvery = std::chrono::milliseconds(100);

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
class DashboardSocket : public RegistryObserver, public identity::AccessObserver {
 public:
  DashboardSocket(HubContext& hub, Watcher watcher, std::string origin, http::BodyPtr incoming)
      : hub_(hub),
        watcher_(std::move(watcher)),
        is_one_too_many_(++hub.dashboards[watcher_.user_id] > hub.limits.dashboards),
        channel_(hub.executor, http::WebSocketRole::kAcceptor, ChannelOptions(hub.limits)),
        token_ended_(hub.executor),
        access_timer_([this] { TellAccess(); }),
        list_timer_([this] { TellWantedList(); }),
        vitals_timer_([this] { TellVitals(); }) {
    channel_.Attach(std::move(incoming));
    channel_.OnPong([this] { OnPong(); });
    if (watcher_.session) {
      chat_.emplace(hub, watcher_.session, std::move(origin),
                    [this](const control::Message& message) { Send(message); });
    } else {
      token_watch_ =
          Job(hub.executor, "watch a token", WatchToken(hub, watcher_.token, token_ended_));
    }
    hub_.registry.Subscribe(*this);
    hub_.identity.Subscribe(*this);
  }
  ~DashboardSocket() override {
    hub_.identity.Unsubscribe(*this);
    hub_.registry.Unsubscribe(*this);
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

  void OnInstanceChanged(const Instance& instance) override {
    if (wants_updates_ && (IsShown(instance) || IsVisible(instance))) TellAnew(instance.id());
  }
  void OnInstanceRemoved(const Instance& instance) override {
    if (wants_updates_ && IsShown(instance)) TellAnew(instance.id());
  }

  /// What is served goes by the new access from now on; the page's list follows soon.
  void OnAccessChanged(const identity::AccessChange& change) override {
    if (change.user_id && *change.user_id != watcher_.user_id) return;
    if (chat_) chat_->OnAccessChanged();
    if (!wants_updates_) return;
    access_changed_.insert(change.instance_ids.begin(), change.instance_ids.end());
    if (change.instance_ids.empty()) is_all_access_changed_ = true;
    if (!access_timer_.is_armed()) hub_.executor.ArmAfter(access_timer_, kAccessSoon);
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

  bool IsShown(const Instance& instance) const { return shown_.contains(instance.id()); }
  bool IsVisible(const Instance& instance) const {
    const auto person = PersonOf(hub_, watcher_.user_id);
    return person && hub_.registry.RoleOf(instance, *person);
  }
  std::optional<VisibleInstance> FindVisible(std::string_view id) const {
    const auto person = PersonOf(hub_, watcher_.user_id);
    return person ? hub_.registry.Find(id, *person) : std::nullopt;
  }
  std::vector<VisibleInstance> Visible() const {
    const auto person = PersonOf(hub_, watcher_.user_id);
    return person ? hub_.registry.List(*person) : std::vector<VisibleInstance>();
  }

  /// Answers all that asked for a list since the last one.
  void TellWantedList() {
    if (!is_list_wanted_ || !has_room() || list_timer_.is_armed()) return;
    is_list_wanted_ = false;
    hub_.executor.ArmAfter(list_timer_, kListEvery);
    control::ClientList list;
    shown_.clear();
    untold_.clear();
    std::size_t size = 0;
    for (const VisibleInstance& visible : Visible()) {
      if (size >= kMaxUnread) {
        untold_.insert(visible.instance->id());
        continue;
      }
      list.clients.push_back(NoteShown(visible));
      size += control::Serialise(list.clients.back()).size();
      last_told_ = visible.instance->id();
    }
    list.more = !untold_.empty();
    is_listing_ = list.more;
    Tell(list);
  }

  /// Tells how access has changed the list.
  void TellAccess() {
    access_timer_.Disarm();
    if (std::exchange(is_all_access_changed_, false)) {
      for (const auto& [id, shown] : shown_) access_changed_.insert(id);
      for (const VisibleInstance& visible : Visible()) {
        access_changed_.insert(visible.instance->id());
      }
    }
    for (const std::string& id : std::exchange(access_changed_, {})) {
      if (!IsShownByAccess(id)) untold_.insert(id);
    }
    TellUntold();
  }

  /// Whether the page shows the instance, or does not, as access to it is now.
  bool IsShownByAccess(const std::string& id) const {
    const auto visible = FindVisible(id);
    const auto shown = shown_.find(id);
    if (!visible || shown == shown_.end()) return !visible && shown == shown_.end();
    return shown->second.role == visible->role &&
           shown->second.path_url == PathUrlOf(hub_, *visible->instance, visible->role);
  }

  void TellAnew(const std::string& id) {
    untold_.insert(id);
    TellUntold();
  }

  /// While there is room: whatever changes meanwhile is told as it is by then. In turn, so that
  /// none waits for others that change all the time.
  void TellUntold() {
    while (has_room() && !untold_.empty()) {
      auto next = untold_.upper_bound(last_told_);
      if (next == untold_.end()) {
        EndList();
        next = untold_.begin();
      }
      last_told_ = *next;
      untold_.erase(next);
      TellOf(last_told_);
    }
    if (untold_.empty()) EndList();
  }

  /// What the registry says of it now.
  void TellOf(const std::string& id) {
    const auto visible = FindVisible(id);
    const auto before = shown_.extract(id);
    if (visible) {
      Tell(control::ClientUpdate{.client = NoteShown(*visible)});
      const bool has_left = before && before.mapped().is_live && !visible->instance->is_live();
      if (has_left) Tell(control::ClientDisconnected{.client_id = id});
    } else if (before) {
      Tell(control::ClientDisconnected{.client_id = id});
      Tell(control::ClientRemoved{.client_id = id});
    }
  }

  /// The first round through all that was not told is over.
  void EndList() {
    if (std::exchange(is_listing_, false)) Tell(control::ClientListEnd{});
  }

  /// What the page is told of the instance.
  control::Client NoteShown(const VisibleInstance& visible) {
    control::Client view = ClientViewOf(hub_, visible);
    shown_[visible.instance->id()] = {.role = visible.role,
                                      .path_url = view.path_url,
                                      .is_live = visible.instance->is_live(),
                                      .vitals = VitalsOf(*visible.instance)};
    return view;
  }

  /// Tells what changed since the page was told; where that is much, the rest the next time.
  void TellVitals() {
    hub_.executor.ArmAfter(vitals_timer_, kVitalsEvery);
    if (access_timer_.is_armed()) TellAccess();
    // Without room some of what was shown may be gone, or not to be seen any more.
    if (!has_room()) return;
    control::ClientVitals changed;
    auto next = shown_.upper_bound(last_vitals_);
    for (std::size_t seen = 0; seen < shown_.size() && changed.clients.size() < kMaxVitals;
         ++seen, ++next) {
      if (next == shown_.end()) next = shown_.begin();
      last_vitals_ = next->first;
      const Instance* const instance = hub_.registry.Get(next->first);
      if (instance == nullptr || !instance->is_live()) continue;
      auto vitals = VitalsOf(*instance);
      if (vitals == next->second.vitals) continue;
      next->second.vitals = vitals;
      changed.clients.push_back(std::move(vitals));
    }
    if (!changed.clients.empty()) Tell(changed);
  }

  bool has_room() const { return unread_ < kMaxUnread; }

  /// Sends what waits for room; see kMaxUnread.
  void Tell(const control::Message& message) {
    unread_ += Send(message);
    if (!has_room()) channel_.Ping();
  }

  void OnPong() {
    unread_ = 0;
    TellWantedList();
    TellUntold();
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

  void On(const control::GetClients& wanted) {
    wants_updates_ = true;
    if (wanted.vitals && !vitals_timer_.is_armed()) {
      hub_.executor.ArmAfter(vitals_timer_, kVitalsEvery);
    }
    is_list_wanted_ = true;
    TellWantedList();
  }

  void On(const control::ConnectClient& wanted) {
    control::ConnectResponse answer;
    answer.client_id = wanted.client_id;
    const auto visible = FindVisible(wanted.client_id);
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

  /// What the page was told of an instance.
  struct Shown {
    identity::InstanceRole role = identity::InstanceRole::kViewer;
    std::string path_url = {};
    bool is_live = false;
    control::Vitals vitals = {};
  };

  HubContext& hub_;
  const Watcher watcher_;
  const bool is_one_too_many_;  ///< Of its user's.
  http::WebSocketChannel channel_;
  std::optional<ChatForwarder> chat_;  ///< Of a session only.
  Event token_ended_;
  Job token_watch_;
  std::set<std::string> access_changed_;  ///< The instances, since TellAccess().
  bool is_all_access_changed_ = false;    ///< It may be any.
  bool wants_updates_ = false;
  std::map<std::string, Shown> shown_;  ///< By id.
  std::set<std::string> untold_;        ///< Of which there is news; empty while there is room.
  std::string last_told_;               ///< The id that was told of last.
  bool is_list_wanted_ = false;         ///< The page has asked, and was not answered yet.
  bool is_listing_ = false;             ///< Part of a list is among untold_.
  std::size_t unread_ = 0;              ///< Bytes since the last pong.
  Timer access_timer_;
  Timer list_timer_;  ///< Until the next list.
  Timer vitals_timer_;
  std::string last_vitals_;  ///< The id that was looked at last.
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
