// Server: accepts connections and serves one service on them, HTTP/2 where ALPN chose it, HTTP/1.1
// otherwise. Owns the listener and every connection. Lives on one loop.
#pragma once

#include <memory>

#include "base/limits.h"
#include "base/task_group.h"
#include "http/message.h"
#include "net/listener.h"
#include "net/loop.h"

namespace berth::http {

class Server {
 public:
  /// `service` and `limits` must outlive the server. Nothing is accepted before Start().
  Server(net::Loop& loop, const Limits& limits, std::unique_ptr<net::Listener> listener,
         Service& service);
  ~Server();

  void Start();

  /// Stops accepting and asks every connection to finish what it has begun (no keep-alive, GOAWAY).
  /// Returns when all are gone, at the latest after limits.drain_grace; what is left is then cut.
  Task<void> Drain();

  std::uint16_t port() const { return listener_->port(); }
  std::size_t connections() const { return connections_.size(); }

 private:
  Task<void> AcceptAll();
  Task<void> Serve(net::StreamPtr stream);
  Task<void> GoOn(Task<void> taken_over);
  void MakeRoom();

  net::Loop& loop_;
  const Limits& limits_;
  Service& service_;
  std::unique_ptr<net::Listener> listener_;
  Event drain_;
  Event has_room_;  ///< Set while fewer than limits.connections are open.
  TimePoint next_warning_{};
  TaskGroup connections_;
  Job accept_;
};

}  // namespace berth::http
