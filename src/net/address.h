// Where to connect to or listen on: a host (name or IP address) and a port, as people write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace berth::net {

struct HostPort {
  std::string host;  ///< A name or an IP address, without brackets; "" for every local address.
  std::uint16_t port = 0;

  /// "host:port", "[v6]:port".
  std::string ToString() const;
  friend bool operator==(const HostPort&, const HostPort&) = default;
};

/// Parses "host:port", "[::1]:port", ":port" (empty host), and, if there is a `default_port`, a
/// host alone. A host holds letters, digits, '.', '-', '_' and is at most 253 bytes long, or is an
/// IPv6 address in brackets (a bare one is accepted without port), or "*", which reads as empty.
/// kInvalid: anything else; the message quotes the text.
Result<HostPort> ParseHostPort(std::string_view text,
                               std::optional<std::uint16_t> default_port = std::nullopt);

/// 0 to 65535, in digits alone.
std::optional<std::uint16_t> ParsePort(std::string_view text);

/// Whether `host` is an IPv4 or IPv6 address rather than a name.
bool IsIpAddress(std::string_view host);

/// Whether `host` is 127.0.0.0/8, ::1, "localhost" or below it: a name that must not leave the
/// machine.
bool IsLoopbackHost(std::string_view host);

}  // namespace berth::net
