#include "net/peer_owner.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "net/socket_address.h"

namespace berth::net {
namespace {

using Owner = std::optional<uid_t>;
using Found = std::optional<inet_diag_msg>;

constexpr std::string_view kAsk = "ask who listens";

/// Sandboxes may leave out the whole family, and kernels the module.
bool IsLackOfDiag(int number) {
  return number == EAFNOSUPPORT || number == EPROTONOSUPPORT || number == EOPNOTSUPP ||
         number == EPERM || number == EACCES || number == ENOENT;
}

class DiagSocket {
 public:
  DiagSocket()
      : descriptor_(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)),
        failure_(errno) {}
  ~DiagSocket() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  DiagSocket(const DiagSocket&) = delete;
  DiagSocket& operator=(const DiagSocket&) = delete;

  /// The socket that a packet from `from` to `at` would be for: the connection, else who listens.
  Result<Found> Find(const SocketAddress& at, const SocketAddress& from);

 private:
  const int descriptor_;
  const int failure_;  // Why there is none.
};

void PutAddress(const SocketAddress& address, __be32 (&into)[4]) {
  if (address.family() == AF_INET) {
    std::memcpy(into, &reinterpret_cast<const sockaddr_in*>(address.get())->sin_addr, 4);
  } else {
    std::memcpy(into, &reinterpret_cast<const sockaddr_in6*>(address.get())->sin6_addr, 16);
  }
}

Result<Found> NotFound(int number) {
  if (IsLackOfDiag(number)) return Found();
  return FromErrno(number, kAsk);
}

Result<Found> DiagSocket::Find(const SocketAddress& at, const SocketAddress& from) {
  if (descriptor_ < 0) return NotFound(failure_);
  struct {
    nlmsghdr header{};
    inet_diag_req_v2 body{};
  } question;
  question.header.nlmsg_len = sizeof(question);
  question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.header.nlmsg_flags = NLM_F_REQUEST;
  question.body.sdiag_family = static_cast<__u8>(at.family());
  question.body.sdiag_protocol = IPPROTO_TCP;
  question.body.idiag_states = ~0U;
  inet_diag_sockid& id = question.body.id;
  id.idiag_sport = htons(at.port());
  id.idiag_dport = htons(from.port());
  PutAddress(at, id.idiag_src);
  PutAddress(from, id.idiag_dst);
  id.idiag_cookie[0] = id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  if (send(descriptor_, &question, sizeof(question), 0) < 0) return NotFound(errno);

  // The kernel has answered when send() returns.
  alignas(nlmsghdr) std::array<char, 4096> answer;
  const ssize_t size = recv(descriptor_, answer.data(), answer.size(), MSG_DONTWAIT);
  if (size < 0) return FromErrno(errno, kAsk);
  const auto* const header = reinterpret_cast<const nlmsghdr*>(answer.data());
  const char* const body = answer.data() + NLMSG_HDRLEN;
  const auto has = [size](std::size_t bytes) {
    return static_cast<std::size_t>(size) >= NLMSG_HDRLEN + bytes;
  };
  if (has(sizeof(nlmsgerr)) && header->nlmsg_type == NLMSG_ERROR) {
    return NotFound(-reinterpret_cast<const nlmsgerr*>(body)->error);
  }
  if (!has(sizeof(inet_diag_msg)) || header->nlmsg_type != SOCK_DIAG_BY_FAMILY) {
    return Internal("the kernel's answer to who listens is none");
  }
  inet_diag_msg found;
  std::memcpy(&found, body, sizeof(found));
  return Found(found);
}

}  // namespace

Result<Owner> PeerOwner(int descriptor) {
  SocketAddress ours, theirs;
  ours.size = theirs.size = sizeof(sockaddr_storage);
  if (getsockname(descriptor, ours.get(), &ours.size) != 0 ||
      getpeername(descriptor, theirs.get(), &theirs.size) != 0) {
    return FromErrno(errno, kAsk);
  }
  DiagSocket diag;
  SocketAddress anybody = ours;
  anybody.set_port(0);
  // In this order. The kernel names root for a connection that waits to be accepted, but then who
  // listened a moment before still does; and who accepted it may have stopped listening since.
  auto listener = diag.Find(theirs, anybody);
  if (!listener) return std::move(listener).error();
  auto end = diag.Find(theirs, ours);
  if (!end) return std::move(end).error();
  if (!*end || (*end)->idiag_state == TCP_LISTEN) return Owner();
  const bool is_heard = *listener && (*listener)->idiag_state == TCP_LISTEN;
  if (is_heard && (*listener)->idiag_uid == 0) return Owner(0);
  const bool is_accepted = (*end)->idiag_inode != 0;
  if (is_accepted) return Owner((*end)->idiag_uid);
  if (is_heard) return Owner((*listener)->idiag_uid);
  return Owner();
}

}  // namespace berth::net
