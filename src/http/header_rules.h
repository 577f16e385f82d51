// Header rules: which fields cross a hop, one table for hub and agent (RFC 9110, section 7.6).
//
// Names are compared in lower case with '_' read as '-', because origins behind CGI-like servers
// cannot tell the two apart: X_Forwarded_For would otherwise arrive as a forged X-Forwarded-For.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "http/fields.h"

namespace berth::http {

/// Whether `name` is `entry`, in lower case without '_', to a reader who takes '_' for '-'.
inline bool Spells(std::string_view name, std::string_view entry) {
  return std::ranges::equal(name, entry, [](char a, char b) { return (a == '_' ? '-' : a) == b; });
}
/// Whether it begins with `prefix` to that reader.
inline bool SpellsPrefix(std::string_view name, std::string_view prefix) {
  return name.size() >= prefix.size() && Spells(name.substr(0, prefix.size()), prefix);
}

/// Elements of Connection, empty ones too, over all its fields. RemoveHopByHop compares each with
/// the name of every field: who takes fields from outside refuses more.
inline constexpr std::ptrdiff_t kMostConnectionElements = 32;

/// Removes what belongs to one connection only: what Connection names, and the hop-by-hop fields
/// (Connection, Keep-Alive, Close, Proxy-*, TE, Trailer, Transfer-Encoding, Upgrade) in any
/// spelling.
void RemoveHopByHop(Fields& fields);

/// Removes what only a proxy of ours may say about a browser: Forwarded, X-Forwarded-*, X-Real-IP,
/// X-Orchestrator*, X-Berth*, Via, Expect, in any spelling, and every spelling of Content-Length
/// but that one. Call before adding our own.
void RemoveForwarding(Fields& fields);

/// What the hub says about the browser's side of an exchange.
struct Forwarding {
  std::string_view address;    ///< The browser's address.
  std::string_view scheme;     ///< "http" or "https".
  std::string_view authority;  ///< The host the browser asked for.
  std::string_view prefix;     ///< "/clients/ID/proxy" in path mode, "" otherwise.
};

/// Adds X-Forwarded-For, -Proto, -Host and (path mode) -Prefix.
void AddForwarding(Fields& fields, const Forwarding& forwarding);

/// Removes from a response what an instance must not say on an address of ours: hop-by-hop fields,
/// Clear-Site-Data, Service-Worker-Allowed, Strict-Transport-Security, Public-Key-Pins*, Alt-Svc,
/// Report-To, Reporting-Endpoints, NEL, Secure-Session-Registration (also as Sec-), X-Refreshed-
/// Token, X-Berth*, X-Orchestrator*; what gives orders to a cache or proxy before the hub
/// (Surrogate-Control, *CDN-Cache-Control, X-Accel-Redirect, ...); and Set-Cookie fields that use
/// one of the `reserved` names or a Domain (the Domain is removed, the cookie kept).
void RemoveDangerous(Fields& fields, const std::vector<std::string_view>& reserved_cookies);

}  // namespace berth::http
