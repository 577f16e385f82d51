#include "hub/router.h"

#include "base/log.h"
#include "http/grammar.h"
#include "http/query.h"
#include "hub/api.h"
#include "hub/browser.h"
#include "hub/changes.h"
#include "hub/cross_site.h"
#include "hub/dashboard_socket.h"
#include "hub/instance_proxy.h"
#include "hub/instance_site.h"
#include "hub/page_proof.h"
#include "hub/pages.h"
#include "hub/problem.h"
#include "hub/proxy_path.h"
#include "hub/sign_in_routes.h"
#include "hub/trusted_proxies.h"
#include "hub/tunnel_endpoint.h"
#include "identity/identity.h"

namespace berth::hub {
namespace {

constexpr std::string_view kConnectPath = "/ws/connect";

bool IsHealthQuestion(const http::RequestHead& head) {
  return head.target == "/health" && (head.method == "GET" || head.method == "HEAD") &&
         !head.is_upgrade();
}

http::Response NotFoundAnswer(const http::RequestHead& head) {
  return ProblemFor(ReaderOf(head), {404, "Not found", "There is nothing at this address."}, "",
                    "/dashboard");
}

/// To a request whose routing another reader might take for another: nothing more is read after it.
http::Response BadPathAnswer(std::string_view detail) {
  auto response = ProblemResponse({400, "Bad request", std::string(detail)});
  response.head.fields.Add("connection", "close");
  return response;
}

/// Where a request that escaped from a path-mode page belongs, by its Referer; "" for others.
std::string LedBack(const HubContext& hub, const http::RequestHead& head) {
  const auto referer = head.fields.Find("referer");
  if (!hub.path_mode || !referer || head.is_upgrade() || IsSharedPath(head.path())) return {};
  const auto path = PathOfUrl(*referer, hub.hosts.OriginOf(head.authority));
  if (!path) return {};
  const auto proxy = ParseProxyPath(*path);
  return proxy ? fmt::format("{}{}", proxy->prefix, head.target) : std::string();
}

/// Where path mode lets no other origin lead to: an instance that has its own address could move
/// its page onto the hub's origin so. The page that opens it there; "" for what goes on.
std::string OwnAddressOf(const HubContext& hub, const http::RequestHead& head,
                         const ProxyPath& path) {
  if (!hub.hosts.has_subdomains() || !IsInstanceLabel(path.instance_id)) return {};
  if (!IsLedByAnotherOrigin(head)) return {};
  const std::string_view next = std::string_view(head.target).substr(path.prefix.size());
  return fmt::format("/open?client={}&next={}{}", path.instance_id,
                     next.starts_with('/') ? "" : "/", http::EscapeQuery(next));
}

/// What leads to all instances: the hub's name alone, and an instance's page without the instance.
bool IsStart(std::string_view path) {
  return path == "/" || path == "/instances" || path == "/instances/";
}

bool IsSignedInPage(std::string_view path) {
  return path == "/dashboard" || path == "/open" || path.starts_with("/instances/") ||
         path == "/settings" || path.starts_with("/settings/");
}

http::Response SignedOut(const HubContext& hub) {
  auto response = Redirect(302, "/login");
  response.head.fields.Add("set-cookie",
                           identity::ClearCookie(identity::CookieKind::kHub, hub.scheme));
  return response;
}

Task<Result<http::Response>> SignOut(HubContext& hub, identity::SessionPtr session,
                                     std::string address) {
  auto ended = co_await hub.identity.sessions().Revoke(session->id);
  if (!ended) {
    LogError("sign out: {}", ended.error().ToString());
    co_return ProblemResponse(HubProblemOf(ended.error()));
  }
  co_await hub.identity.audit().Write({.action = identity::audit_action::kSignOut,
                                       .actor_id = session->user_id,
                                       .address = std::move(address)});
  co_return SignedOut(hub);
}

/// Whoever opened the hub's own address learns what a proxy made of it.
std::string NotThere(const Hosts& hosts, std::string_view authority) {
  return fmt::format(
      "This hub is not at that address; it is at {}. Asked for was {}; a proxy before the hub must "
      "pass Host on unchanged.",
      hosts.public_origin().ToString(), authority.empty() ? "no host" : ForLog(authority, 100));
}

}  // namespace

Task<Result<http::Response>> Router::Exchange(http::Request request) {
  // Not a coroutine: on this way every frame and every move of a request counts.
  proxies_.Apply(request);
  HostMatch host = hub_.hosts.Match(request.head.authority);
  switch (host.kind) {
    case HostKind::kHub:
      return ServeHub(std::move(request));
    case HostKind::kInstance:
      return ServeInstanceSite(hub_, std::move(request), std::move(host.instance_id));
    case HostKind::kUnknown:
      if (IsHealthQuestion(request.head)) return http::AtHand(HealthAnswer());
      break;
  }
  return http::AtHand(
      ProblemResponse({421, "Misdirected request", NotThere(hub_.hosts, request.head.authority)}));
}

Task<Result<http::Response>> Router::ServeHub(http::Request request) {
  const std::string_view path = request.head.path();
  if (path == kConnectPath) co_return co_await ServeSocket(std::move(request));
  if (ParseProxyPath(request.head.target)) co_return co_await ServePathMode(std::move(request));
  if (std::string target = LedBack(hub_, request.head); !target.empty()) {
    auto response = Redirect(307, target);
    response.head.fields.Set("vary", "Referer, *");
    co_return response;
  }
  if (http::HasForbiddenEscape(path)) {
    co_return BadPathAnswer("The path holds an escape that it must not hold.");
  }
  if (IsApiPath(path)) co_return co_await HandleApi(hub_, std::move(request));
  if (IsStart(path) && IsSafe(request.head)) co_return Redirect(302, "/dashboard");
  if (path == "/auth/logout" && request.head.method == "GET") {
    // A page of another origin must not sign anybody out, nor drop the cookie.
    if (!IsAskedByOwnPage(request.head, hub_.hosts.OriginOf(request.head.authority))) {
      co_return Redirect(302, "/login");
    }
    auto session = SessionOf(hub_, request.head);
    if (!session) co_return SignedOut(hub_);
    Caller caller = CallerOf(*session);
    co_return co_await hub_.changes.CarryOut(
        std::move(caller), SignOut(hub_, std::move(session), request.peer.address));
  }
  if (IsSignInPath(hub_, path)) co_return co_await ServeSignIn(hub_, std::move(request));
  const auto session = SessionOf(hub_, request.head);
  if (IsSignedInPage(path) && !session) {
    const std::string sign_in =
        fmt::format("/login?next={}", http::EscapeQuery(request.head.target));
    co_return SignInNeeded(request.head, sign_in);
  }
  const bool has_proof = session && IsShownAsDocument(request.head);
  const std::string proof = has_proof ? PageProofOf(hub_, *session) : std::string();
  if (auto page = PageAt(request.head, proof)) co_return std::move(*page);
  co_return NotFoundAnswer(request.head);
}

Task<Result<http::Response>> Router::ServePathMode(http::Request request) {
  if (!hub_.path_mode) co_return NotFoundAnswer(request.head);
  const ProxyPath path = *ParseProxyPath(request.head.target);
  if (http::HasForbiddenEscape(path.prefix)) {
    co_return BadPathAnswer("The instance's name is misspelt.");
  }
  if (std::string opener = OwnAddressOf(hub_, request.head, path); !opener.empty()) {
    co_return Redirect(303, opener);
  }
  if (path.rest.empty()) {
    const std::string_view query = request.head.query();
    co_return Redirect(308, fmt::format("{}/{}{}", path.prefix, query.empty() ? "" : "?", query));
  }
  Placement placement;
  placement.instance_id = path.instance_id;
  placement.prefix = path.prefix;
  if (!IsSafe(request.head)) {
    placement.expected_origin = hub_.hosts.OriginOf(request.head.authority);
  }
  const bool is_probe = path.rest == kProbePath && IsSafe(request.head);
  auto session =
      SessionOf(hub_, request.head, is_probe ? identity::Use::kIsNone : identity::Use::kCounts);
  if (!session) {
    const std::string sign_in =
        fmt::format("/login?next={}", http::EscapeQuery(request.head.target));
    co_return SignInNeeded(request.head, sign_in);
  }
  if (is_probe) co_return AnswerProbe(hub_, request, session, placement);
  request.head.target = std::string(path.rest);
  if (request.head.target.starts_with("//")) {
    co_return BadPathAnswer("The path must not begin with two slashes.");
  }
  co_return co_await ForwardToInstance(hub_, std::move(request), std::move(session),
                                       std::move(placement));
}

Task<Result<http::Response>> Router::ServeSocket(http::Request request) {
  if (!request.head.is_upgrade()) {
    auto response =
        ProblemResponse({426, "Upgrade required", "This address speaks WebSocket only."});
    response.head.fields.Add("upgrade", "websocket");
    co_return response;
  }
  if (http::QueryParameter(request.head.query(), "type") == "browser") {
    auto response = co_await OpenDashboardSocket(hub_, std::move(request));
    if (response) co_return response;
    co_return ProblemResponse(ProblemOf(response.error()));
  }
  auto response = co_await tunnels_.Accept(std::move(request));
  if (response) co_return response;
  co_return ProblemResponse(ProblemOf(response.error()));
}

}  // namespace berth::hub
