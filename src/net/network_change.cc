#include "net/network_change.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/log.h"

namespace berth::net {
namespace {

constexpr auto kBurst = std::chrono::milliseconds(200);

int OpenRouteSocket() {
  const int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (descriptor < 0) return -1;
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups =
      RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE;
  if (bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    return descriptor;
  }
  close(descriptor);
  return -1;
}

}  // namespace

NetworkChange::NetworkChange(Loop& loop, std::move_only_function<void()> on_change)
    : NetworkChange(loop, OpenRouteSocket(), std::move(on_change)) {}

NetworkChange::NetworkChange(Loop& loop, int descriptor, std::move_only_function<void()> on_change)
    : loop_(loop),
      descriptor_(descriptor),
      readable_(loop),
      unused_(loop),
      watch_(loop, readable_, unused_),
      burst_end_(std::move(on_change)) {
  if (descriptor_ < 0) {
    LogDebug("changes of the network go unnoticed: no access to the kernel's route messages");
    return;
  }
  auto watched = watch_.Start(descriptor_);
  if (!watched) {
    LogDebug("changes of the network go unnoticed: {}", watched.error().ToString());
    return;
  }
  listening_ = Job(loop_, "network change", Listen());
}

NetworkChange::~NetworkChange() {
  listening_.Cancel();
  watch_.Stop();
  if (descriptor_ >= 0) close(descriptor_);
}

Task<void> NetworkChange::Listen() {
  std::array<char, 4096> message;
  for (;;) {
    co_await readable_.Wait();
    const ssize_t size = recv(descriptor_, message.data(), message.size(), MSG_DONTWAIT);
    // ENOBUFS: messages were lost, so something changed.
    if (size > 0 || (size < 0 && errno == ENOBUFS)) {
      if (!burst_end_.is_armed()) loop_.ArmAfter(burst_end_, kBurst);
      continue;
    }
    if (size < 0 && errno == EINTR) continue;
    readable_.Reset();
    if (size == 0) co_return;
  }
}

}  // namespace berth::net
