// Path mode's addresses: /clients/ID/proxy/REST on the hub means /REST at the instance.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace berth::hub {

struct ProxyPath {
  std::string_view instance_id;
  std::string_view prefix;  ///< "/clients/ID/proxy", no slash at the end.
  std::string_view rest;    ///< Path and query at the instance; "" if the slash is missing.
};

/// Splits a request target, or the path of a Referer; views into `target`. Nothing for other paths.
std::optional<ProxyPath> ParseProxyPath(std::string_view target);

/// The path and query of an absolute URL of that origin; nothing for another origin's.
std::optional<std::string_view> PathOfUrl(std::string_view url, std::string_view origin);

/// Browsers take cookies whose names begin with kHostCookie for the path "/" alone, so in path mode
/// those of an instance begin with kHostAlias. src/rewrite/runtime_common.js does the same for what
/// its pages' scripts read and set.
inline constexpr std::string_view kHostCookie = "__Host-";
inline constexpr std::string_view kHostAlias = "__Secure-berth-host-";

/// A Set-Cookie value whose Path lies under `prefix`, and whose name a browser takes there. A
/// missing Path becomes the prefix itself, so that the browser never sends the cookie to another
/// instance or to the hub's pages. Nothing for a name that an alias has.
std::optional<std::string> ConfineCookie(std::string_view set_cookie, std::string_view prefix);

}  // namespace berth::hub
