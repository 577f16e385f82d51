#include "net/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "base/log.h"
#include "net/socket_address.h"
#include "net/tcp.h"
#include "net/tls.h"

namespace berth::net {
namespace {

// Accepted connections wait in the kernel; beyond this many, peers retry. The kernel's own maximum
// (net.core.somaxconn) may be lower.
constexpr int kBacklog = 4096;
// So many are refused in one go, then others have their turn.
constexpr int kRefusals = 64;
// So many failures in a row are not those of single connections.
constexpr int kMostFailures = 64;
constexpr auto kTroublePause = std::chrono::milliseconds(100);

bool IsShortage(int number) {
  return number == EMFILE || number == ENFILE || number == ENOBUFS || number == ENOMEM;
}

int OpenReserve() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

/// Our own fault, as opposed to that of one connection (accept(2) reports those, too).
bool IsFinal(int number) { return number == EBADF || number == EINVAL || number == ENOTSOCK; }

Error BindError(int number, const SocketAddress& address) {
  const std::string where =
      fmt::format("listen on {}", HostPort{address.Ip(), address.port()}.ToString());
  Error error = FromErrno(number, where);
  if (number == EACCES) error.kind = ErrorKind::kForbidden;
  if (number == EACCES && address.port() < 1024) {
    error.message +=
        "; a port below 1024 takes root or CAP_NET_BIND_SERVICE (AmbientCapabilities= of a "
        "service)";
  }
  if (number == EADDRNOTAVAIL) error.kind = ErrorKind::kNotFound;
  if (number == EADDRINUSE) error.message += "; is another hub running?";
  return error;
}

void SetFamily(int descriptor, const SocketAddress& address, bool is_dual) {
  if (address.family() != AF_INET6) return;
  const int only_v6 = is_dual ? 0 : 1;
  (void)setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof(only_v6));
}

/// Fails if the address could not be had alone. Leaves nothing behind.
Result<void> CheckFree(const SocketAddress& address, bool is_dual) {
  const int probe = socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
  if (probe < 0) return BindError(errno, address);
  const int on = 1;
  (void)setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  SetFamily(probe, address, is_dual);
  const int failure = bind(probe, address.get(), address.size) == 0 ? 0 : errno;
  close(probe);
  if (failure != 0) return BindError(failure, address);
  return Ok();
}

}  // namespace

struct Listener::Door {
  Door(Loop& loop, int fd, Event& readable, Event& unused)
      : descriptor(fd), watch(loop, readable, unused) {}
  ~Door() {
    watch.Stop();
    close(descriptor);
  }
  int descriptor;
  FdWatch watch;
};

Listener::Listener(Loop& loop, TlsServer* tls, const Limits& limits)
    : loop_(loop),
      tls_(tls),
      limits_(limits),
      connection_came_(loop),
      unused_(loop),
      reserve_(OpenReserve()) {}

Listener::~Listener() {
  if (reserve_ >= 0) close(reserve_);
}

Result<std::unique_ptr<Listener>> Listener::Create(Loop& loop, const HostPort& address,
                                                   TlsServer* tls, const Limits& limits,
                                                   PortSharing sharing) {
  std::unique_ptr<Listener> listener(new Listener(loop, tls, limits));
  if (address.host.empty()) {
    auto opened = listener->Open(*SocketAddress::FromText("::", address.port), true, sharing);
    // A machine without IPv6 still has IPv4.
    if (!opened && opened.error().kind != ErrorKind::kConflict) {
      opened = listener->Open(*SocketAddress::FromText("0.0.0.0", address.port), false, sharing);
    }
    if (!opened) return std::move(opened).error();
    return listener;
  }
  auto found = ResolveBlocking(address);
  if (!found) return std::move(found).error();
  std::optional<Error> failure;
  for (SocketAddress& entry : *found) {
    if (listener->port_ != 0) entry.set_port(listener->port_);  // Port 0: all take the first one's.
    auto opened = listener->Open(entry, false, sharing);
    if (!opened && (!failure || opened.error().kind == ErrorKind::kConflict)) {
      failure = std::move(opened).error();
    }
  }
  // One family of a name may be missing (no IPv6), but a port that was asked for and is taken in
  // one of them is taken.
  const bool is_taken = failure && failure->kind == ErrorKind::kConflict && address.port != 0;
  if (is_taken || listener->doors_.empty()) return *std::move(failure);
  return listener;
}

Result<void> Listener::Open(const SocketAddress& address, bool is_dual, PortSharing sharing) {
  const int descriptor =
      socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (descriptor < 0) return BindError(errno, address);
  auto door = std::make_unique<Door>(loop_, descriptor, connection_came_, unused_);
  const int on = 1;
  (void)setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (sharing == PortSharing::kFirst) {
    // Two hubs of one user that both share would get half of the connections each, unnoticed.
    auto free = CheckFree(address, is_dual);
    if (!free) return free;
  }
  if (sharing != PortSharing::kAlone &&
      setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0) {
    return BindError(errno, address);
  }
  SetFamily(descriptor, address, is_dual);
  if (IsLoopbackHost(address.Ip())) AvoidPacing(descriptor);  // Its connections inherit it.
  if (bind(descriptor, address.get(), address.size) != 0 || listen(descriptor, kBacklog) != 0) {
    return BindError(errno, address);
  }
  SocketAddress bound;
  bound.size = sizeof(bound.storage);
  if (getsockname(descriptor, bound.get(), &bound.size) != 0) return BindError(errno, address);
  auto watched = door->watch.Start(descriptor);
  if (!watched) return std::move(watched).error();
  port_ = bound.port();
  doors_.push_back(std::move(door));
  return Ok();
}

void Listener::Close() { doors_.clear(); }

Task<Result<StreamPtr>> Listener::Accept() {
  for (;;) {
    bool must_pause = false;
    connection_came_.Reset();
    for (const auto& door : doors_) {
      for (int failures = 0;;) {
        SocketAddress from;
        from.size = sizeof(from.storage);
        const int descriptor =
            accept4(door->descriptor, from.get(), &from.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor >= 0) {
          is_trouble_told_ = false;
          connection_came_.Set();  // There may be more, and no new edge will tell.
          auto stream = Adopt(descriptor, from);
          if (stream) co_return stream;
          LogWarn("accept: {}", stream.error().ToString());
          continue;
        }
        const int number = errno;
        if (number == EAGAIN || number == EWOULDBLOCK) break;
        if (IsFinal(number)) co_return FromErrno(number, "accept");
        const bool is_shortage = IsShortage(number);
        if (!is_shortage && ++failures < kMostFailures) continue;
        if (!std::exchange(is_trouble_told_, true)) {
          LogError("{}; new connections {}", FromErrno(number, "accept").message,
                   is_shortage ? "are refused (raise the limit of open files)" : "have to wait");
        }
        must_pause = true;
        for (int refused = 0; is_shortage && refused < kRefusals && RefuseOne(*door); ++refused) {
        }
        break;
      }
    }
    if (must_pause) {
      connection_came_.Set();
      co_await Sleep(loop_, kTroublePause);
    }
    co_await connection_came_.Wait();
  }
}

// Takes one connection and closes it, with the descriptor held in reserve. False: none waits, or
// there is no reserve to be had now.
bool Listener::RefuseOne(const Door& door) {
  if (reserve_ < 0) reserve_ = OpenReserve();
  if (reserve_ < 0) return false;
  close(reserve_);
  const int descriptor = accept4(door.descriptor, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (descriptor >= 0) close(descriptor);
  reserve_ = OpenReserve();
  return descriptor >= 0;
}

Result<StreamPtr> Listener::Adopt(int descriptor, const SocketAddress& from) {
  auto socket = Socket::Adopt(loop_, descriptor);
  if (!socket) return std::move(socket).error();
  Peer peer{.address = from.Ip(), .port = from.port(), .is_tls = false, .alpn = ""};
  auto stream = std::make_unique<TcpStream>(std::move(*socket), std::move(peer), limits_);
  if (tls_ == nullptr) return StreamPtr(std::move(stream));
  return tls_->Accept(std::move(stream), limits_);
}

}  // namespace berth::net
