#include "hub/proxy_path.h"

#include <fmt/format.h>

#include "http/cookie.h"

namespace berth::hub {
namespace {

constexpr std::string_view kClients = "/clients/";
constexpr std::string_view kProxy = "/proxy";

}  // namespace

std::optional<ProxyPath> ParseProxyPath(std::string_view target) {
  if (!target.starts_with(kClients)) return std::nullopt;
  const std::size_t id_end = target.find('/', kClients.size());
  if (id_end == std::string_view::npos || id_end == kClients.size()) return std::nullopt;
  if (!target.substr(id_end).starts_with(kProxy)) return std::nullopt;
  const std::size_t prefix_end = id_end + kProxy.size();
  ProxyPath path;
  path.instance_id = target.substr(kClients.size(), id_end - kClients.size());
  path.prefix = target.substr(0, prefix_end);
  const std::string_view rest = target.substr(prefix_end);
  if (rest.empty() || rest.front() == '?') return path;
  if (rest.front() != '/') return std::nullopt;
  path.rest = rest;
  return path;
}

std::optional<std::string_view> PathOfUrl(std::string_view url, std::string_view origin) {
  if (!url.starts_with(origin)) return std::nullopt;
  const std::string_view path = url.substr(origin.size());
  if (path.empty() || path.front() != '/') return std::nullopt;
  return path;
}

std::optional<std::string> ConfineCookie(std::string_view set_cookie, std::string_view prefix) {
  const std::string_view own_name = http::SetCookieName(set_cookie);
  if (own_name.starts_with(kHostAlias)) return std::nullopt;
  const auto path = http::CookieAttribute(set_cookie, "path");
  std::string confined = http::WithoutCookieAttribute(set_cookie, "path");
  if (own_name.starts_with(kHostCookie)) {
    confined.replace(confined.find(kHostCookie), kHostCookie.size(), kHostAlias);
  }
  const bool is_confined =
      path && (*path == prefix || (path->starts_with(prefix) && (*path)[prefix.size()] == '/')) &&
      path->find("..") == std::string_view::npos;
  if (is_confined) {
    confined += fmt::format("; Path={}", *path);
  } else if (path && path->starts_with('/')) {
    confined += fmt::format("; Path={}{}", prefix, *path);
  } else {
    confined += fmt::format("; Path={}/", prefix);
  }
  return confined;
}

}  // namespace berth::hub
