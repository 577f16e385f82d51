#include "agent/adapters/claudecodeui_observer.h"

#include <algorithm>

#include "agent/adapters/claudecodeui_chat.h"
#include "base/log.h"

namespace berth::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kFirstDelay = milliseconds(500);
constexpr Duration kLongestDelay = seconds(10);
constexpr Duration kOpenTimeout = seconds(10);

http::WebSocketChannel::Options ChannelOptions() {
  http::WebSocketChannel::Options options;
  // Results of tools with pictures in them run to some MiB. A longer one breaks the connection, and
  // the next connection begins behind it.
  options.max_text = 8 * 1024 * 1024;
  options.accept_binary = false;
  options.ping_after = seconds(30);
  options.ping_answer = seconds(10);
  return options;
}

/// Keeps `place` pointing at a channel as long as this lives.
class Opened {
 public:
  Opened(http::WebSocketChannel*& place, http::WebSocketChannel& channel) : place_(place) {
    place_ = &channel;
  }
  ~Opened() { place_ = nullptr; }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;

 private:
  http::WebSocketChannel*& place_;
};

}  // namespace

void ChatObserver::SetWanted(bool is_wanted) {
  if (is_wanted == run_.is_running()) return;
  if (is_wanted) {
    run_ = Job(context_.executor, "chat observer", Run());
  } else {
    run_.Cancel();
  }
}

Result<void> ChatObserver::Send(std::string_view text) {
  if (!channel_) return Unavailable("the agent is not connected to the instance's chat");
  return channel_->SendText(text);
}

Task<void> ChatObserver::Run() {
  Duration delay = kFirstDelay;
  for (;;) {
    const TimePoint begun = context_.executor.now();
    const Error why = co_await Serve();
    LogDebug("chat observer: {}", ForLog(why.ToString()));
    if (context_.executor.now() - begun > kLongestDelay) delay = kFirstDelay;
    co_await Sleep(context_.executor, delay);
    delay = std::min(2 * delay, kLongestDelay);
  }
}

Task<Error> ChatObserver::Serve() {
  const std::string token = co_await sign_in_.Token();
  if (token.empty()) co_return Unavailable("not signed in");
  http::WebSocketChannel channel(context_.executor, http::WebSocketRole::kDialer, ChannelOptions());
  http::Request request;
  request.head.method = "GET";
  request.head.scheme = context_.info.scheme();
  request.head.authority = context_.info.authority();
  request.head.target = "/ws";
  request.head.protocol = "websocket";
  request.head.fields.Add("user-agent", "berth-agent/" BERTH_VERSION);
  request.head.fields.Add("authorization", "Bearer " + token);
  request.body = channel.TakeOutgoing();
  auto response = co_await WithDeadline(context_.executor, kOpenTimeout, "open the chat socket",
                                        context_.instance.Exchange(std::move(request)));
  if (!response) co_return std::move(response).error();
  if (response->head.status == 401) {
    const bool is_new = co_await sign_in_.Replace(token);
    co_return Unauthorized(is_new ? "refused; there is a new token" : "refused");
  }
  if (response->head.status != 101) co_return Invalid("the instance has no chat socket");
  channel.Attach(std::move(response->body));
  const Opened opened(channel_, channel);
  events_.on_open();
  for (;;) {
    auto event = co_await channel.Receive();
    const bool is_lost = event ? event->kind == http::WebSocketEvent::Kind::kClose
                               : event.error().kind == ErrorKind::kUnavailable;
    if (is_lost) events_.on_lost();
    if (!event) co_return std::move(event).error();
    if (is_lost) co_return Unavailable("closed");
    if (event->kind == http::WebSocketEvent::Kind::kText && MayMatter(event->text())) {
      events_.on_text(event->text());
    }
  }
}

}  // namespace berth::agent
