#include "agent/hub_place.h"

#include "net/url.h"

namespace berth::agent {

Result<HubPlace> HubPlace::Parse(std::string_view text) {
  auto url = net::SplitUrl(text);
  if (!url) return Wrap(std::move(url).error(), "the hub's URL");
  if (url->scheme != "https" && url->scheme != "http") {
    return Invalid("the hub's URL must begin with https:// or http://");
  }
  if (url->scheme == "http" && !net::IsLoopbackHost(url->place.host)) {
    return Invalid(
        "the hub's URL must begin with https://: without it, everybody on the way can "
        "read the token (http:// is for a hub on this machine)");
  }
  if (url->target.find_first_of("?#") != std::string::npos) {
    return Invalid("the hub's URL must have no query and no fragment");
  }
  HubPlace hub{.scheme = std::move(url->scheme),
               .authority = std::move(url->authority),
               .path = std::move(url->target),
               .address = std::move(url->place)};
  while (hub.path.ends_with('/')) hub.path.pop_back();
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
