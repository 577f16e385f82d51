// FrontLoops: the threads that face browsers and agents in a hub that uses several cores.
//
// Each runs an event loop of its own, with a listener on the hub's one address (the kernel spreads
// connections over them), an HTTP server, and one end of a crossing (http/crossing.h): sockets,
// TLS, HTTP/1.1 and HTTP/2 happen there. Every request is answered on the hub's main loop, where
// all that decides anything lives: sessions, access, registry, tunnels, store.
#pragma once

#include <memory>
#include <vector>

#include "base/limits.h"
#include "base/mailbox.h"
#include "http/message.h"
#include "net/address.h"
#include "net/loop.h"

namespace berth::net {
class TlsServer;
}

namespace berth::hub {

class FrontLoops {
 public:
  /// Binds the address for `count` loops; nothing is accepted before Start(). `tls` (null: plain)
  /// must outlive this. limits.connections is divided among them. Errors as of
  /// net::Listener::Create.
  static Result<std::unique_ptr<FrontLoops>> Open(net::Loop& main, const net::HostPort& address,
                                                  net::TlsServer* tls, const Limits& limits,
                                                  std::size_t count);
  /// Cuts what is left, and waits until the threads have ended.
  ~FrontLoops();

  /// Starts the threads. `service` answers on the main loop, and must outlive this. kInternal: the
  /// system has no thread to give.
  Result<void> Start(http::Service& service);

  /// As http::Server::Drain, for all of them at once.
  Task<void> Drain();

  std::uint16_t port() const;

 private:
  class Front;

  FrontLoops(net::Loop& main, const Limits& limits);

  net::Loop& main_;
  const Limits limits_;  ///< Of one front loop.
  std::vector<std::unique_ptr<Front>> fronts_;
  std::size_t undrained_ = 0;
  Event drained_;
  Mailbox<bool> drained_box_;  ///< One message from each.
};

}  // namespace berth::hub
