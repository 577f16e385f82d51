#include "agent/hub_place.h"

namespace berth::agent {

Result<HubPlace> HubPlace::Parse(std::string_view url) {
  HubPlace hub;
  std::uint16_t port = 443;
  if (url.starts_with("https://")) {
    hub.scheme = "https";
    url.remove_prefix(8);
  } else if (url.starts_with("http://")) {
    hub.scheme = "http";
    port = 80;
    url.remove_prefix(7);
  } else {
    return Invalid("the hub's URL must begin with https:// or http://");
  }
  const std::string_view authority = url.substr(0, url.find('/'));
  auto address = net::ParseHostPort(authority, port);
  if (!address) return Wrap(std::move(address).error(), "the hub's URL");
  if (address->host.empty()) return Invalid("the hub's URL names no host");
  if (hub.scheme == "http" && !net::IsLoopbackHost(address->host)) {
    return Invalid(
        "the hub's URL must begin with https://: without it, everybody on the way can "
        "read the token (http:// is for a hub on this machine)");
  }
  hub.authority = authority;
  hub.path = url.substr(authority.size());
  while (hub.path.ends_with('/')) hub.path.pop_back();
  hub.address = std::move(*address);
  return hub;
}

tunnel::HubAddress HubAddressOf(const HubPlace& place, Secret token, tunnel::Protocol protocol) {
  return {.scheme = place.scheme,
          .authority = place.authority,
          .target = place.path + "/ws/connect",
          .token = std::move(token),
          .protocol = protocol};
}

Task<Result<net::StreamPtr>> DialHub(net::Loop& loop, HubPlace hub,
                                     const net::ProxySettings& proxies, const net::TlsClient& tls,
                                     const Limits& limits) {
  co_return co_await net::Dial(loop, net::HttpTarget(hub.scheme, hub.address), proxies, tls,
                               limits);
}

}  // namespace berth::agent
