// TrustedProxies: whose word the hub takes for where a request came from (--trusted-proxy).
//
// Only what such a proxy itself saw counts: of X-Forwarded-For the entries that trusted proxies
// wrote, read from the right, up to the first address that is not one of theirs. What stands left
// of it was sent by that address and may say anything.
#pragma once

#include <string_view>
#include <vector>

#include "http/message.h"
#include "net/network.h"

namespace berth::hub {

class TrustedProxies {
 public:
  /// `public_scheme` is how browsers reach the hub where no proxy says otherwise.
  TrustedProxies(std::vector<net::Network> networks, std::string_view public_scheme)
      : networks_(std::move(networks)), public_scheme_(public_scheme) {}

  /// Makes `peer.address` the browser's and `head.scheme` the one that the browser used: what
  /// trusted proxies say, else the connection's peer and the public scheme. An entry of
  /// X-Forwarded-For that is not a plain IP address makes the whole field void, and so does
  /// anything but one "http" or "https" with X-Forwarded-Proto. The fields stay where they are.
  /// Of a proxy on this machine or network that is not trusted it warns once, if it is among the
  /// first thousand requests that no trusted proxy passes on.
  void Apply(http::Request& request);

 private:
  void LookForForgotten(const http::Request& request);
  bool IsTrusted(std::string_view address) const;
  /// The browser's address as a trusted proxy tells it, in the usual spelling; "" if it does not.
  std::string BrowserOf(const http::Fields& fields) const;

  const std::vector<net::Network> networks_;
  const std::string public_scheme_;
  int looks_left_ = 1000;  ///< For every request for ever it is not worth the time.
};

}  // namespace berth::hub
