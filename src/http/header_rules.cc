#include "http/header_rules.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "http/cookie.h"
#include "http/list.h"

namespace berth::http {
namespace {

template <std::size_t N>
bool IsOneOf(std::string_view name, const std::array<std::string_view, N>& table) {
  return std::ranges::any_of(table, [&](auto entry) { return Spells(name, entry); });
}

/// By its first byte and size most names are seen to be none of these.
bool IsHopByHop(std::string_view name) {
  if (name.empty()) return false;
  switch (name.front()) {
    case 'c':
      return Spells(name, "connection") || Spells(name, "close");
    case 'k':
      return Spells(name, "keep-alive");
    case 't':
      return Spells(name, "te") || Spells(name, "trailer") || Spells(name, "transfer-encoding");
    case 'u':
      return Spells(name, "upgrade");
    case 'p':
      return SpellsPrefix(name, "proxy-");
    default:
      return false;
  }
}

/// Proxy is none of HTTP's; what runs scripts by CGI would make the address of a proxy of it.
constexpr std::array<std::string_view, 5> kForwarding = {"forwarded", "x-real-ip", "via", "expect",
                                                         "proxy"};

/// Content_Length and the like, which an origin may take for the framing that is ours to state.
bool IsFalseLength(std::string_view name) {
  return name != "content-length" && Spells(name, "content-length");
}

/// What speaks for more than the page: for the origin, its site, or what the hub says itself. (A
/// session bound to the device holds back all requests of its scope, which may be the site.)
constexpr std::array<std::string_view, 10> kDangerous = {"clear-site-data",
                                                         "service-worker-allowed",
                                                         "strict-transport-security",
                                                         "alt-svc",
                                                         "report-to",
                                                         "reporting-endpoints",
                                                         "nel",
                                                         "secure-session-registration",
                                                         "sec-session-registration",
                                                         "x-refreshed-token"};

/// Orders to a cache or proxy between the hub and the browser. (X-Accel-Buffering, which asks that
/// pieces leave at once, is none.)
constexpr std::array<std::string_view, 6> kProxyOrders = {"surrogate-control", "cdn-cache-control",
                                                          "edge-control",      "x-accel-expires",
                                                          "x-accel-redirect",  "x-sendfile"};

bool IsProxyOrder(std::string_view name) {
  constexpr std::string_view kTargeted = "-cdn-cache-control";  // Of one vendor.
  return IsOneOf(name, kProxyOrders) ||
         (name.size() > kTargeted.size() &&
          Spells(name.substr(name.size() - kTargeted.size()), kTargeted));
}

}  // namespace

void RemoveHopByHop(Fields& fields) {
  std::vector<std::string> named;  // What is removed anyway is not among them.
  for (const auto& [name, value] : fields) {
    if (!Spells(name, "connection")) continue;
    for (const std::string_view token : ListMembers(value)) {
      if (!token.empty() && !EqualsIgnoreCase(token, "keep-alive") &&
          !EqualsIgnoreCase(token, "close")) {
        named.push_back(ToLower(token));
        std::ranges::replace(named.back(), '_', '-');
      }
    }
  }
  fields.RemoveIf([&](const Fields::Field& field) {
    if (IsHopByHop(field.name)) return true;
    return !named.empty() &&
           std::ranges::any_of(named, [&](const auto& each) { return Spells(field.name, each); });
  });
}

void RemoveForwarding(Fields& fields) {
  fields.RemoveIf([](const Fields::Field& field) {
    return IsOneOf(field.name, kForwarding) || IsFalseLength(field.name) ||
           SpellsPrefix(field.name, "x-forwarded") || SpellsPrefix(field.name, "x-orchestrator") ||
           SpellsPrefix(field.name, "x-berth");
  });
}

void AddForwarding(Fields& fields, const Forwarding& forwarding) {
  fields.Add("x-forwarded-for", forwarding.address);
  fields.Add("x-forwarded-proto", forwarding.scheme);
  fields.Add("x-forwarded-host", forwarding.authority);
  if (!forwarding.prefix.empty()) fields.Add("x-forwarded-prefix", forwarding.prefix);
}

void RemoveDangerous(Fields& fields, const std::vector<std::string_view>& reserved_cookies) {
  RemoveHopByHop(fields);
  std::vector<std::string> cookies;
  bool has_cookies = false;
  for (const auto& [name, value] : fields) {
    if (name != "set-cookie") continue;
    has_cookies = true;
    const std::string_view cookie = SetCookieName(value);
    if (std::ranges::find(reserved_cookies, cookie) != reserved_cookies.end()) continue;
    cookies.push_back(WithoutCookieAttribute(value, "domain"));
  }
  fields.RemoveIf([&](const Fields::Field& field) {
    return IsOneOf(field.name, kDangerous) || IsProxyOrder(field.name) ||
           SpellsPrefix(field.name, "public-key-pins") || SpellsPrefix(field.name, "x-berth") ||
           SpellsPrefix(field.name, "x-orchestrator") ||
           (has_cookies && field.name == "set-cookie");
  });
  for (const auto& cookie : cookies) fields.Add("set-cookie", cookie);
}

}  // namespace berth::http
