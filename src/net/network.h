// Network: a range of IP addresses, as "10.0.0.0/8" or "2001:db8::/32" write it. A value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "net/socket_address.h"

namespace berth::net {

class Network {
 public:
  /// Parses "ADDRESS/BITS", or an address alone, which is a network of one. kInvalid: anything
  /// else, and an address with bits set behind the first BITS, which would leave open what was
  /// meant; the message quotes the text.
  static Result<Network> Parse(std::string_view text);

  /// Whether the address is in it. An IPv4 address in IPv6 form (::ffff:10.0.0.1) is the IPv4
  /// address, on either side; no other IPv4 address is in an IPv6 network, nor the other way round.
  bool Contains(const SocketAddress& address) const;

 private:
  using Bytes = std::array<std::uint8_t, 16>;  ///< In IPv6 form.

  static Bytes BytesOf(const SocketAddress& address);
  static bool IsV4(const Bytes& bytes);

  Network(Bytes first, std::size_t bits) : first_(first), bits_(bits) {}

  Bytes first_;
  std::size_t bits_;
};

}  // namespace berth::net
