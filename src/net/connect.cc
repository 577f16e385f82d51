#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <vector>

#include "net/dial.h"
#include "net/resolve.h"

namespace berth::net {
namespace {

constexpr auto kStagger = std::chrono::milliseconds(250);  // RFC 8305, section 5.

using SocketPtr = std::unique_ptr<Socket>;

Task<Result<void>> WaitConnected(Socket& socket, std::string what) {
  for (;;) {
    sockaddr_storage peer{};
    socklen_t size = sizeof(peer);
    if (getpeername(socket.descriptor(), reinterpret_cast<sockaddr*>(&peer), &size) == 0) {
      co_return Ok();
    }
    int error = 0;
    socklen_t error_size = sizeof(error);
    getsockopt(socket.descriptor(), SOL_SOCKET, SO_ERROR, &error, &error_size);
    if (error != 0) co_return ConnectError(error, what);
    auto waited = co_await socket.WaitConnected();
    if (!waited) co_return waited;
  }
}

Task<Result<SocketPtr>> ConnectOne(Loop& loop, SocketAddress address, Duration limit) {
  const std::string what = "connect to " + HostPort{address.Ip(), address.port()}.ToString();
  const int descriptor =
      socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (descriptor < 0) co_return ConnectError(errno, "open socket");
  if (IsLoopbackHost(address.Ip())) AvoidPacing(descriptor);
  const int code = connect(descriptor, address.get(), address.size);
  const int number = errno;
  // Watched only now: an unconnected socket reports a hang-up.
  auto socket = Socket::Adopt(loop, descriptor);
  if (!socket) co_return std::move(socket).error();
  if (code != 0 && number != EINPROGRESS) co_return ConnectError(number, what);
  auto connected = co_await WithDeadline(loop, limit, what, WaitConnected(**socket, what));
  if (!connected) co_return std::move(connected).error();
  co_return std::move(*socket);
}

/// One address being tried.
struct Attempt {
  SocketAddress address;
  std::optional<Result<SocketPtr>> result;
  Task<void> task;
};

Task<void> Run(Loop& loop, Attempt& attempt, Duration limit, Event& changed) {
  attempt.result.emplace(co_await ConnectOne(loop, attempt.address, limit));
  changed.Set();
}

Error NotPublic(const HostPort& address) {
  return Forbidden("connect to " + address.ToString() + ": not a public address");
}

}  // namespace

Error ConnectError(int number, std::string_view what) {
  Error error = FromErrno(number, what);
  switch (number) {
    case EADDRNOTAVAIL:  // No address of ours yet, or none of this family.
    case EAFNOSUPPORT:
    case EHOSTDOWN:
    case EACCES:  // A firewall of this machine.
    case EPERM:
      error.kind = ErrorKind::kUnavailable;
      break;
    default:
      break;
  }
  return error;
}

Task<Result<std::unique_ptr<TcpStream>>> ConnectTcp(Loop& loop, HostPort address,
                                                    const Limits& limits, AddressRule rule) {
  auto found =
      co_await WithDeadline(loop, limits.connect_timeout, "look-up", Resolve(loop, address));
  if (!found) {
    co_return Wrap(std::move(found).error(), "connect to " + address.ToString());
  }
  if (rule == AddressRule::kPublicOnly) {
    std::erase_if(*found, [](const SocketAddress& one) { return !IsPublicAddress(one); });
    if (found->empty()) co_return NotPublic(address);
  }
  Event changed(loop);
  Timer stagger([&changed] { changed.Set(); });
  std::vector<std::unique_ptr<Attempt>> attempts;
  std::optional<Error> last_error;
  std::size_t begun = 0;
  bool may_begin = true;
  for (;;) {
    if (may_begin && begun < found->size()) {
      auto attempt = std::make_unique<Attempt>();
      attempt->address = (*found)[begun++];
      attempt->task = Run(loop, *attempt, limits.connect_timeout, changed);
      attempts.push_back(std::move(attempt));
      changed.Reset();
      attempts.back()->task.Start();
      loop.ArmAfter(stagger, kStagger);
    }
    co_await changed.Wait();
    changed.Reset();
    may_begin = !stagger.is_armed();
    for (auto entry = attempts.begin(); entry != attempts.end();) {
      Attempt& attempt = **entry;
      if (!attempt.result) {
        ++entry;
        continue;
      }
      if (*attempt.result) {
        Peer peer{.address = attempt.address.Ip(),
                  .port = attempt.address.port(),
                  .is_tls = false,
                  .alpn = ""};
        co_return std::make_unique<TcpStream>(std::move(**attempt.result), std::move(peer), limits);
      }
      last_error = std::move(attempt.result->error());
      entry = attempts.erase(entry);
      may_begin = true;
    }
    if (attempts.empty() && begun == found->size()) {
      if (IsIpAddress(address.host)) co_return *last_error;
      co_return Wrap(*std::move(last_error), "connect to " + address.ToString());
    }
  }
}

}  // namespace berth::net
