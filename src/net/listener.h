// Listener: takes connections on an address, plain or with TLS.
//
// Accept() never waits for a peer: a TLS stream comes out before its handshake, which whoever
// serves the connection runs in the connection's own task (ByteStream::Handshake). When descriptors
// run out, new connections are closed at once, by help of one that is kept in reserve, so that
// peers learn it rather than wait. Lives on one loop.
#pragma once

#include <memory>
#include <vector>

#include "base/limits.h"
#include "net/address.h"
#include "net/byte_stream.h"
#include "net/fd_watch.h"
#include "net/loop.h"

namespace berth::net {

class TlsServer;
struct SocketAddress;

/// Whether the listeners of several loops share the connections of one port (SO_REUSEPORT).
enum class PortSharing {
  kAlone,
  kFirst,  ///< Others will join; kConflict if somebody has the port, sharing or not.
  kShared,
};

class Listener {
 public:
  /// Binds and listens. The host may be an IP address; a name ("localhost": all its addresses); or
  /// empty: every address of the machine. Port 0: the kernel chooses, see port(). `tls` (null:
  /// plain) must outlive the listener; `limits` are copied. kConflict: the port is taken.
  /// kForbidden: the port needs privileges. kNotFound: the name or the address is not this
  /// machine's. May wait for the resolver if the host is a name: for the start of a program.
  static Result<std::unique_ptr<Listener>> Create(Loop& loop, const HostPort& address,
                                                  TlsServer* tls, const Limits& limits,
                                                  PortSharing sharing = PortSharing::kAlone);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// The next connection. Await its Handshake() before use, in a task of its own. Errors are final:
  /// what may pass is waited out here. One call at a time; a dropped call loses nothing.
  Task<Result<StreamPtr>> Accept();

  /// Listens no more: who connects from now on is refused, as is who was not accepted yet. No
  /// Accept() may wait.
  void Close();

  std::uint16_t port() const { return port_; }
  bool is_tls() const { return tls_ != nullptr; }

 private:
  struct Door;  ///< One bound socket.

  Listener(Loop& loop, TlsServer* tls, const Limits& limits);
  Result<void> Open(const SocketAddress& address, bool is_dual, PortSharing sharing);
  Result<StreamPtr> Adopt(int descriptor, const SocketAddress& from);
  bool RefuseOne(const Door& door);

  Loop& loop_;
  TlsServer* tls_;
  const Limits limits_;  ///< A copy: listeners are made before what will own the limits.
  std::uint16_t port_ = 0;
  Event connection_came_;
  Event unused_;
  std::vector<std::unique_ptr<Door>> doors_;
  int reserve_ = -1;  ///< An open descriptor that is given up for refusing; -1 while there is none.
  bool is_trouble_told_ = false;  ///< What keeps us from accepting is in the log.
};

}  // namespace berth::net
