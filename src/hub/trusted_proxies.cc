#include "hub/trusted_proxies.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"

namespace berth::hub {
namespace {

constexpr std::string_view kAddresses = "x-forwarded-for";
constexpr std::string_view kScheme = "x-forwarded-proto";

}  // namespace

bool TrustedProxies::IsTrusted(std::string_view address) const {
  const auto parsed = net::SocketAddress::FromText(address, 0);
  return parsed && std::ranges::any_of(networks_, [&](const net::Network& network) {
           return network.Contains(*parsed);
         });
}

std::string TrustedProxies::BrowserOf(const http::Fields& fields) const {
  std::string address;
  for (std::size_t i = fields.size(); i > 0; --i) {
    const auto [name, value] = fields[i - 1];
    if (name != kAddresses) continue;
    std::string_view rest = value;
    for (;;) {
      const std::size_t comma = rest.rfind(',');
      const bool is_first = comma == std::string_view::npos;
      const std::string_view entry = http::TrimOws(is_first ? rest : rest.substr(comma + 1));
      const auto parsed = net::SocketAddress::FromText(entry, 0);
      if (!parsed) return {};
      address = parsed->Ip();
      if (!IsTrusted(address)) return address;
      if (is_first) break;
      rest = rest.substr(0, comma);
    }
  }
  return address;
}

void TrustedProxies::LookForForgotten(const http::Request& request) {
  --looks_left_;
  if (!request.head.fields.Has(kAddresses)) return;
  const auto peer = net::SocketAddress::FromText(request.peer.address, 0);
  if (!peer || net::IsPublicAddress(*peer)) return;
  looks_left_ = 0;
  LogWarn(
      "a request from {} comes with X-Forwarded-For, and that address is not in trusted_proxy: all "
      "who are behind it count as one address",
      request.peer.address);
}

void TrustedProxies::Apply(http::Request& request) {
  request.head.scheme = public_scheme_;
  if (networks_.empty() || !IsTrusted(request.peer.address)) {
    if (looks_left_ > 0) LookForForgotten(request);
    return;
  }
  const http::Fields& fields = request.head.fields;
  if (std::string address = BrowserOf(fields); !address.empty()) {
    request.peer.address = std::move(address);
    request.peer.port = 0;  // Nobody says it.
  }
  const auto scheme = fields.Find(kScheme);
  if (!scheme || fields.Count(kScheme) != 1) return;
  const std::string lower = ToLower(*scheme);
  if (lower == "http" || lower == "https") request.head.scheme = lower;
}

}  // namespace berth::hub
