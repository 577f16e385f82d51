#include "http/server.h"

#include "base/log.h"
#include "http/h1_server.h"
#include "http/h2_server.h"

namespace berth::http {
namespace {

constexpr auto kBetweenWarnings = std::chrono::minutes(1);

}  // namespace

Server::Server(net::Loop& loop, const Limits& limits, std::unique_ptr<net::Listener> listener,
               Service& service)
    : loop_(loop),
      limits_(limits),
      service_(service),
      listener_(std::move(listener)),
      drain_(loop),
      has_room_(loop),
      connections_(loop) {
  has_room_.Set();
}

Server::~Server() = default;

void Server::Start() { accept_ = Job(loop_, "accept", AcceptAll()); }

Task<void> Server::AcceptAll() {
  for (;;) {
    co_await has_room_.Wait();
    auto stream = co_await listener_->Accept();
    if (!stream) {
      LogError("accept: {}", stream.error().ToString());
      co_return;
    }
    connections_.Spawn("connection", Serve(std::move(*stream)));
    if (connections_.size() >= limits_.connections) {
      // Seldom: at the limit each that comes when one has gone reaches it again.
      if (const TimePoint now = loop_.now(); now >= next_warning_) {
        LogWarn("{} connections are open, which is the limit: new ones wait", connections_.size());
        next_warning_ = now + kBetweenWarnings;
      }
      has_room_.Reset();
    }
  }
}

Task<void> Server::Serve(net::StreamPtr stream) {
  auto ready = co_await WithCancel(drain_, stream->Handshake());
  if (!ready) {
    LogDebug("handshake with {}: {}", stream->peer().address, ready.error().ToString());
  } else if (stream->peer().alpn == "h2") {
    co_await ServeH2(loop_, limits_, std::move(stream), service_, {.drain = &drain_});
  } else {
    auto taken = co_await ServeH1(loop_, limits_, std::move(stream), service_, {.drain = &drain_});
    // In a task of its own, because this one needs more memory than many a connection for days.
    if (taken.stream) connections_.Spawn("taken over", GoOn(taken.GoOn()));
  }
  MakeRoom();
}

Task<void> Server::GoOn(Task<void> taken_over) {
  co_await taken_over;
  MakeRoom();
}

// One of the connections is about to leave the group, and may have left another one in its place.
void Server::MakeRoom() {
  if (!has_room_.is_set() && connections_.size() <= limits_.connections) has_room_.Set();
}

Task<void> Server::Drain() {
  accept_.Cancel();
  listener_->Close();  // Whoever comes now learns so at once, and may go elsewhere.
  drain_.Set();
  auto drained = co_await connections_.WaitEmpty(limits_.drain_grace);
  if (!drained) {
    LogWarn("{} connections did not finish in time and are cut", connections_.size());
    connections_.CancelAll();
  }
}

}  // namespace berth::http
