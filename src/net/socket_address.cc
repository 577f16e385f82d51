#include "net/socket_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/log.h"

namespace berth::net {
namespace {

struct V4Range {
  std::uint32_t first;  ///< In host order.
  int bits;
};
/// What the registry of special-purpose addresses (RFC 6890) keeps out of the internet, multicast,
/// and the reserved rest.
constexpr V4Range kNotPublicV4[] = {
    {0x00000000, 8},   // this network
    {0x0a000000, 8},   // private
    {0x64400000, 10},  // shared by carriers
    {0x7f000000, 8},   // loopback
    {0xa9fe0000, 16},  // link-local, and where clouds tell secrets
    {0xac100000, 12},  // private
    {0xc0000000, 24},  // protocol assignments
    {0xc0000200, 24},  // documentation
    {0xc0586300, 24},  // 6to4 relays
    {0xc0a80000, 16},  // private
    {0xc6120000, 15},  // benchmarks
    {0xc6336400, 24},  // documentation
    {0xcb007100, 24},  // documentation
    {0xe0000000, 3},   // multicast and reserved
};

bool IsPublicV4(std::uint32_t ip) {
  for (const V4Range& range : kNotPublicV4) {
    if (((ip ^ range.first) >> (32 - range.bits)) == 0) return false;
  }
  return true;
}

bool IsPublicV6(const std::uint8_t (&ip)[16]) {
  const auto starts_with = [&ip](std::initializer_list<int> bytes) {
    std::size_t at = 0;
    for (const int byte : bytes) {
      if (ip[at++] != byte) return false;
    }
    return true;
  };
  std::uint32_t last = 0;
  for (std::size_t i = 12; i < 16; ++i) last = last << 8 | ip[i];
  const bool is_mapped = starts_with({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff});
  const bool is_nat64 = starts_with({0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0});
  if (is_mapped || is_nat64) return IsPublicV4(last);
  const bool is_global = (ip[0] & 0xe0) == 0x20;           // 2000::/3
  const bool is_special = starts_with({0x20, 0x01, 0, 0})  // Teredo
                          || starts_with({0x20, 0x01, 0x0d, 0xb8}) || starts_with({0x20, 0x02});
  return is_global && !is_special;
}

}  // namespace

bool IsPublicAddress(const SocketAddress& address) {
  if (address.family() == AF_INET) {
    return IsPublicV4(ntohl(reinterpret_cast<const sockaddr_in*>(address.get())->sin_addr.s_addr));
  }
  if (address.family() != AF_INET6) return false;
  return IsPublicV6(reinterpret_cast<const sockaddr_in6*>(address.get())->sin6_addr.s6_addr);
}

std::optional<SocketAddress> SocketAddress::FromText(std::string_view ip, std::uint16_t port) {
  SocketAddress address;
  if (ip.contains('\0')) return std::nullopt;  // inet_pton reads no further.
  const std::string text(ip);
  auto* const v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* const v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    address.size = sizeof(sockaddr_in);
  } else if (inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    address.size = sizeof(sockaddr_in6);
  } else {
    return std::nullopt;
  }
  address.set_port(port);
  return address;
}

std::uint16_t SocketAddress::port() const {
  // The port is in the same place in both structures.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
}

void SocketAddress::set_port(std::uint16_t port) {
  reinterpret_cast<sockaddr_in*>(&storage)->sin_port = htons(port);
}

std::string SocketAddress::Ip() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (family() == AF_INET) {
    const auto* const v4 = reinterpret_cast<const sockaddr_in*>(&storage);
    inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
  } else if (family() == AF_INET6) {
    const auto* const v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
      inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], text.data(), text.size());
    } else {
      inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
    }
  }
  return text.data();
}

Result<std::vector<SocketAddress>> ResolveBlocking(const HostPort& address) {
  if (auto literal = SocketAddress::FromText(address.host, address.port)) {
    return std::vector<SocketAddress>{*literal};
  }
  if (IsLoopbackHost(address.host)) {
    // Never a question for the network (RFC 6761, section 6.3), and not every system's resolver
    // knows names below localhost.
    return std::vector<SocketAddress>{*SocketAddress::FromText("127.0.0.1", address.port),
                                      *SocketAddress::FromText("::1", address.port)};
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(address.port);
  const int code = getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found);
  if (code != 0) {
    const bool is_unknown = code == EAI_NONAME || code == EAI_NODATA;
    std::string message =
        fmt::format("look up \"{}\": {}", ForLog(address.host),
                    code == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(code));
    return is_unknown ? NotFound(std::move(message)) : Unavailable(std::move(message));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  std::vector<SocketAddress> addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    if (entry->ai_family != AF_INET && entry->ai_family != AF_INET6) continue;
    SocketAddress result;
    std::memcpy(&result.storage, entry->ai_addr, entry->ai_addrlen);
    result.size = entry->ai_addrlen;
    addresses.push_back(result);
  }
  if (addresses.empty()) {
    return NotFound(fmt::format("look up \"{}\": no address", ForLog(address.host)));
  }
  return addresses;
}

}  // namespace berth::net
