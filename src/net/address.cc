#include "net/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>

#include "base/log.h"
#include "base/number.h"
#include "base/text.h"

namespace berth::net {
namespace {

bool IsHostByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_';
}

/// inet_pton, which itself reads up to a NUL and no further.
bool ToBinary(int family, std::string_view host, void* address) {
  return !host.contains('\0') && inet_pton(family, std::string(host).c_str(), address) == 1;
}

bool IsIpv6(std::string_view host) {
  // A scope ("fe80::1%eth0") is the resolver's business.
  const std::size_t percent = host.find('%');
  if (percent != std::string_view::npos) {
    const std::string_view scope = host.substr(percent + 1);
    if (scope.empty() || !std::ranges::all_of(scope, IsHostByte)) return false;
  }
  in6_addr parsed;
  return ToBinary(AF_INET6, host.substr(0, percent), &parsed);
}

bool IsIpv4(std::string_view host) {
  in_addr parsed;
  return ToBinary(AF_INET, host, &parsed);
}

}  // namespace

std::optional<std::uint16_t> ParsePort(std::string_view text) {
  return ParseNumber<std::uint16_t>(text);
}

std::string HostPort::ToString() const {
  if (host.find(':') != std::string::npos) return fmt::format("[{}]:{}", host, port);
  return fmt::format("{}:{}", host, port);
}

Result<HostPort> ParseHostPort(std::string_view text, std::optional<std::uint16_t> default_port) {
  const auto refuse = [text](std::string_view why) {
    return Invalid(fmt::format("address \"{}\": {}", ForLog(text), why));
  };
  std::string_view host;
  std::optional<std::string_view> port_text;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return refuse("a ']' is missing");
    host = text.substr(1, close - 1);
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return refuse("a ':' must follow the ']'");
    if (!rest.empty()) port_text = rest.substr(1);
    if (!IsIpv6(host)) return refuse("no IPv6 address in the brackets");
  } else if (IsIpv6(text)) {
    host = text;
  } else {
    const std::size_t colon = text.find(':');
    host = text.substr(0, colon);
    if (colon != std::string_view::npos) port_text = text.substr(colon + 1);
    if (host == "*") host = {};
    if (host.size() > 253) return refuse("the host is too long");
    if (!std::ranges::all_of(host, IsHostByte)) return refuse("not a host and a port");
    if (host.empty() && !port_text) return refuse("the host is missing");
  }
  HostPort result{std::string(host), 0};
  if (!port_text) {
    if (!default_port && ParsePort(host)) {
      return refuse(fmt::format("a port alone; write 127.0.0.1:{}", host));
    }
    if (!default_port) return refuse("the port is missing");
    result.port = *default_port;
    return result;
  }
  const auto port = ParsePort(*port_text);
  if (!port) return refuse("the port is not a number below 65536");
  result.port = *port;
  return result;
}

bool IsIpAddress(std::string_view host) { return IsIpv4(host) || IsIpv6(host); }

bool IsLoopbackHost(std::string_view host) {
  // Asked for each request, so only what may be an address is read as one.
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.starts_with("127.") && IsIpv4(host)) return true;
  in6_addr v6;
  if (host.contains(':') && ToBinary(AF_INET6, host, &v6)) {
    return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
  }
  constexpr std::string_view kName = "localhost";
  if (host.size() < kName.size()) return false;
  const std::string_view before = host.substr(0, host.size() - kName.size());
  return (before.empty() || before.ends_with('.')) &&
         std::ranges::equal(host.substr(before.size()), kName,
                            [](char a, char b) { return ToLower(a) == b; });
}

}  // namespace berth::net
