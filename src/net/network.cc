#include "net/network.h"

#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>

#include "base/log.h"
#include "base/number.h"

namespace berth::net {
namespace {

/// The first bytes of an IPv4 address in IPv6 form.
constexpr std::array<std::uint8_t, 12> kV4Prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::size_t kV4Bits = 96;

}  // namespace

Network::Bytes Network::BytesOf(const SocketAddress& address) {
  Bytes bytes{};
  if (address.family() == AF_INET) {
    std::ranges::copy(kV4Prefix, bytes.begin());
    const auto* const v4 = reinterpret_cast<const sockaddr_in*>(address.get());
    const std::uint32_t ip = ntohl(v4->sin_addr.s_addr);
    for (std::size_t i = 0; i < 4; ++i) {
      bytes[12 + i] = static_cast<std::uint8_t>(ip >> (24 - 8 * i));
    }
  } else {
    const auto* const v6 = reinterpret_cast<const sockaddr_in6*>(address.get());
    std::ranges::copy(v6->sin6_addr.s6_addr, bytes.begin());
  }
  return bytes;
}

bool Network::IsV4(const Bytes& bytes) {
  return std::equal(kV4Prefix.begin(), kV4Prefix.end(), bytes.begin());
}

Result<Network> Network::Parse(std::string_view text) {
  const auto refuse = [text](std::string_view why) {
    return Invalid(fmt::format("\"{}\" {}; write 10.0.0.0/8 or 2001:db8::/32", ForLog(text), why));
  };
  const std::size_t slash = text.find('/');
  const auto address = SocketAddress::FromText(text.substr(0, slash), 0);
  if (!address) return refuse("is no network");
  const Bytes first = BytesOf(*address);
  const bool is_short = address->family() == AF_INET;
  std::size_t bits = 128;
  if (slash != std::string_view::npos) {
    const std::size_t most = is_short ? 32 : 128;
    const auto given = ParseNumber<std::size_t>(text.substr(slash + 1));
    if (!given || *given > most) {
      return refuse(fmt::format("needs a number from 0 to {} after the slash", most));
    }
    bits = is_short ? *given + kV4Bits : *given;
  }
  for (std::size_t bit = bits; bit < 128; ++bit) {
    if ((first[bit / 8] >> (7 - bit % 8) & 1) != 0) {
      return refuse("has more bits set than its length says");
    }
  }
  return Network(first, bits);
}

bool Network::Contains(const SocketAddress& address) const {
  if (address.family() != AF_INET && address.family() != AF_INET6) return false;
  const Bytes bytes = BytesOf(address);
  const bool is_v4_network = IsV4(first_) && bits_ >= kV4Bits;
  if (IsV4(bytes) != is_v4_network) return false;
  for (std::size_t bit = 0; bit < bits_; bit += 8) {
    const std::size_t kept = std::min<std::size_t>(8, bits_ - bit);
    const int differing = first_[bit / 8] ^ bytes[bit / 8];
    if (differing >> (8 - kept) != 0) return false;
  }
  return true;
}

}  // namespace berth::net
