// SocketAddress: an IP address and a port as the system calls want them. A value.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/address.h"

namespace berth::net {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  /// Of an IP address in text; nothing for names.
  static std::optional<SocketAddress> FromText(std::string_view ip, std::uint16_t port);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
  std::uint16_t port() const;
  void set_port(std::uint16_t port);
  /// The IP address in text; an IPv4 address that came over an IPv6 socket as IPv4.
  std::string Ip() const;
};

/// Whether it is an address of the internet at large, rather than of this machine, this network or
/// no one: what may be dialled in the name of people who must not reach what the hub can reach.
/// What embeds an IPv4 address (mapped, NAT64) is judged by that; 6to4 and Teredo are refused.
bool IsPublicAddress(const SocketAddress& address);

/// Asks the system's resolver and waits for it: for the start of a program, and for threads of
/// their own. IP addresses and localhost (and what is below it) are known without asking.
/// kNotFound: no such name; kUnavailable: no answer, or no network.
Result<std::vector<SocketAddress>> ResolveBlocking(const HostPort& address);

}  // namespace berth::net
