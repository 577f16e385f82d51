#include "hub/api.h"

#include <algorithm>

#include "base/log.h"
#include "hub/browser.h"
#include "hub/cross_site.h"
#include "hub/problem.h"
#include "hub/proxy_path.h"

namespace berth::hub {
namespace {

constexpr Route kRoutes[] = {
    {"GET", "/health", Access::kAnyone, GetHealth},
    {"GET", "/api/session", Access::kSession, GetSession},
    {"POST", "/api/session", Access::kAnyone, CreateSession},
    {"DELETE", "/api/session", Access::kSession, DeleteSession},
    {"GET", "/api/tokens", Access::kSession, ListTokens},
    {"POST", "/api/tokens", Access::kSession, CreateToken},
    {"POST", "/api/tokens/{id}/revoke", Access::kSession, RevokeToken},
    {"DELETE", "/api/tokens/{id}", Access::kSession, RevokeToken},
    {"GET", "/clients", Access::kSession, ListClients},
    {"GET", "/clients/{id}", Access::kSession, GetClient},
    {"POST", "/clients/{id}/disconnect", Access::kSession, DisconnectClient},
    {"GET", "/api/clients/{id}/ws-info", Access::kSession, GetWebSocketInfo},
    {"POST", "/api/clients/{id}/open", Access::kSession, OpenClient},
};

/// Whether `path` fits `pattern`; `id` receives the segment in the place of {id}.
bool Fits(std::string_view pattern, std::string_view path, std::string_view& id) {
  const std::size_t hole = pattern.find("{id}");
  if (hole == std::string_view::npos) return pattern == path;
  if (!path.starts_with(pattern.substr(0, hole))) return false;
  const std::string_view rest = path.substr(hole);
  const std::size_t end = std::min(rest.find('/'), rest.size());
  if (end == 0 || rest.substr(end) != pattern.substr(hole + 4)) return false;
  id = rest.substr(0, end);
  return true;
}

http::Response MethodNotAllowed(std::string_view path) {
  std::string allowed;
  std::string_view id;
  for (const Route& route : kRoutes) {
    if (!Fits(route.pattern, path, id)) continue;
    if (!allowed.empty()) allowed += ", ";
    allowed += route.method;
  }
  auto response = ProblemResponse({405, "Method not allowed", "Use one of: " + allowed + "."});
  response.head.fields.Add("allow", allowed);
  return response;
}

/// In path mode instances share the hub's origin: their pages are told from the hub's by Referer.
bool ComesFromInstancePage(const HubContext& hub, const http::RequestHead& head) {
  const auto referer = head.fields.Find("referer");
  if (!referer) return false;
  const auto path = PathOfUrl(*referer, hub.hosts.OriginOf(head.authority));
  return path && ParseProxyPath(*path).has_value();
}

Task<Result<http::Response>> Call(HubContext& hub, const Route& route, std::string id,
                                  http::Request request) {
  const http::RequestHead& head = request.head;
  auto same_origin = CheckSameOrigin(head, hub.hosts.OriginOf(head.authority), Proof::kCookie);
  if (!same_origin) co_return std::move(same_origin).error();
  if (ComesFromInstancePage(hub, head)) co_return Forbidden("called by an instance's page");
  ApiCall call;
  if (route.access == Access::kSession) {
    call.session = SessionOf(hub, head);
    if (!call.session) co_return Unauthorized("no session");
  }
  call.id = std::move(id);
  call.request = std::move(request);
  co_return co_await route.handler(hub, std::move(call));
}

}  // namespace

std::span<const Route> ApiRoutes() { return kRoutes; }

bool IsApiPath(std::string_view path) {
  std::string_view id;
  return path.starts_with("/api/") || std::ranges::any_of(kRoutes, [&](const Route& route) {
           return Fits(route.pattern, path, id);
         });
}

Task<Result<http::Response>> HandleApi(HubContext& hub, http::Request request) {
  const std::string path(request.head.path());
  const std::string_view method =
      request.head.method == "HEAD" ? "GET" : std::string_view(request.head.method);
  bool is_known = false;
  for (const Route& route : kRoutes) {
    std::string_view id;
    if (!Fits(route.pattern, path, id)) continue;
    is_known = true;
    if (route.method != method || request.head.is_upgrade()) continue;
    auto response = co_await Call(hub, route, std::string(id), std::move(request));
    if (response) co_return response;
    const Error& error = response.error();
    LogDebug("{} {}: {}", route.method, route.pattern, error.ToString());
    if (error.kind == ErrorKind::kInternal) {
      LogError("{} {}: {}", route.method, route.pattern, error.ToString());
    }
    co_return ProblemResponse(ProblemOf(error));
  }
  if (is_known) co_return MethodNotAllowed(path);
  co_return ProblemResponse({404, "Not found", "There is no such route in this API."});
}

}  // namespace berth::hub
