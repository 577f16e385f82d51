#include "terminal/watch.h"

#include <algorithm>
#include <random>

#include "base/event.h"

namespace berth::terminal {
namespace {

constexpr std::chrono::milliseconds kFirstDelay(200);
constexpr std::chrono::milliseconds kLongestDelay(3'000);
constexpr std::size_t kMaxMessage = 64 * 1024 * 1024;

/// Between half and all of it, so that many who watch do not come back at once.
std::chrono::milliseconds Jittered(std::chrono::milliseconds delay) {
  std::random_device device;
  return delay / 2 + delay * static_cast<int>(device() % 1000) / 2000;
}

bool IsFinal(const Error& error) {
  return error.kind == ErrorKind::kUnauthorized || error.kind == ErrorKind::kForbidden ||
         error.kind == ErrorKind::kInvalid || error.kind == ErrorKind::kNotFound;
}

/// Reports what arrives until the socket breaks.
Task<Error> Follow(http::WebSocketChannel& channel, WatchObserver& observer, bool& was_answered) {
  auto asked = channel.SendText(control::Serialise(control::GetClients{}));
  if (!asked) co_return std::move(asked).error();
  for (;;) {
    auto event = co_await channel.Receive();
    if (!event) co_return std::move(event).error();
    if (event->kind == http::WebSocketEvent::Kind::kClose) {
      const std::string_view why = event->text();
      co_return Unavailable(
          fmt::format("the hub closed the connection{}{}", why.empty() ? "" : ": ", why));
    }
    if (event->kind != http::WebSocketEvent::Kind::kText) continue;
    // A message that we do not understand is of a newer hub: not for us.
    auto message = control::Parse(event->text(), control::Sender::kHubToBrowser, kMaxMessage);
    if (!message) continue;
    was_answered = true;
    observer.OnMessage(*message, event->text());
  }
}

}  // namespace

Task<Error> WatchInstances(HubClient& hub, WatchObserver& observer) {
  bool was_answered = false;
  auto delay = kFirstDelay;
  for (;;) {
    auto channel = co_await hub.OpenSocket();
    Error why;
    if (channel) {
      bool is_up = false;
      why = co_await Follow(**channel, observer, is_up);
      if (is_up) {
        was_answered = true;
        delay = kFirstDelay;
      }
    } else {
      why = std::move(channel).error();
      if (IsFinal(why) || !was_answered) co_return why;
    }
    observer.OnLost(why);
    co_await Sleep(hub.executor(), Jittered(delay));
    delay = std::min(kLongestDelay, 2 * delay);
  }
}

}  // namespace berth::terminal
