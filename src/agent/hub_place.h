// HubPlace: where the hub is, read from its URL, and how to connect to it.
#pragma once

#include <string>
#include <string_view>

#include "base/limits.h"
#include "net/address.h"
#include "net/dial.h"
#include "tunnel/agent_link.h"

namespace berth::agent {

struct HubPlace {
  std::string scheme;     ///< "https", or "http" on loopback.
  std::string authority;  ///< Host and :port, as in the URL.
  std::string path;       ///< What it may live under, without a slash at its end; mostly "".
  net::HostPort address;

  /// kInvalid: no URL of a hub, or http:// to another machine, where everybody on the way could
  /// read the token.
  static Result<HubPlace> Parse(std::string_view text);

  /// "https://hub.example.org", with the path.
  std::string url() const { return scheme + "://" + authority + path; }
};

/// Where the tunnel of an agent with that token is, in that protocol.
tunnel::HubAddress HubAddressOf(const HubPlace& place, Secret token, tunnel::Protocol protocol);

/// A connection that HTTP/1.1 is spoken on, through a proxy where `proxies` says so. The references
/// must outlive the call. Errors as net::Dial().
Task<Result<net::StreamPtr>> DialHub(net::Loop& loop, HubPlace hub,
                                     const net::ProxySettings& proxies, const net::TlsClient& tls,
                                     const Limits& limits);

}  // namespace berth::agent
