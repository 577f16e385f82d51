#include "hub/api.h"

#include <algorithm>

#include "base/log.h"
#include "hub/audit_events.h"
#include "hub/browser.h"
#include "hub/changes.h"
#include "hub/cross_site.h"
#include "hub/json_body.h"
#include "hub/page_proof.h"
#include "hub/problem.h"
#include "identity/identity.h"

namespace berth::hub {
namespace {

using identity::Scope;

constexpr Route kRoutes[] = {
    {"GET", "/health", Access::kAnyone, kNoToken, GetHealth},
    {"GET", "/api/auth", Access::kAnyone, kNoToken, GetSignInWays},
    {"GET", "/api/openapi.json", Access::kAnyone, kNoToken, GetApiDescription},
    {"GET", "/api/session", Access::kSession, Scope::kProfileRead, GetSession, Manner::kIsNoUse},
    {"POST", "/api/session", Access::kAnyone, kNoToken, CreateSession},
    {"DELETE", "/api/session", Access::kSession, kNoToken, DeleteSession, Manner::kEndsOne},
    {"GET", "/api/tokens", Access::kSession, Scope::kTokensRead, ListTokens},
    {"POST", "/api/tokens", Access::kSession, Scope::kTokensWrite, CreateToken},
    {"POST", "/api/tokens/{id}/revoke", Access::kSession, Scope::kTokensWrite, RevokeToken,
     Manner::kEndsOne},
    {"DELETE", "/api/tokens/{id}", Access::kSession, Scope::kTokensWrite, RevokeToken,
     Manner::kEndsOne},
    {"GET", "/api/sessions", Access::kSession, Scope::kSessionsRead, ListSessions},
    {"DELETE", "/api/sessions", Access::kSession, Scope::kSessionsWrite, EndOtherSessions},
    {"DELETE", "/api/sessions/{id}", Access::kSession, Scope::kSessionsWrite, EndSession,
     Manner::kEndsOne},
    {"GET", "/api/api-tokens", Access::kSession, kNoToken, ListApiTokens},
    {"POST", "/api/api-tokens", Access::kSession, kNoToken, CreateApiToken},
    {"DELETE", "/api/api-tokens/{id}", Access::kSession, kNoToken, RevokeApiToken,
     Manner::kEndsOne},
    {"GET", "/api/audit", Access::kSession, Scope::kAuditRead, ListAudit},
    {"GET", "/clients", Access::kSession, Scope::kInstancesRead, ListClients},
    {"GET", "/clients/{id}", Access::kSession, Scope::kInstancesRead, GetClient},
    {"PATCH", "/api/clients/{id}", Access::kSession, Scope::kInstancesWrite, RenameClient},
    {"DELETE", "/api/clients/{id}", Access::kSession, Scope::kInstancesWrite, RemoveClient},
    {"GET", "/api/clients/{id}/history", Access::kSession, Scope::kInstancesRead, GetClientHistory,
     Manner::kIsNoUse},
    {"POST", "/clients/{id}/disconnect", Access::kSession, Scope::kInstancesWrite,
     DisconnectClient},
    {"GET", "/api/clients/{id}/ws-info", Access::kSession, Scope::kInstancesRead, GetWebSocketInfo},
    {"POST", "/api/clients/{id}/open", Access::kSession, kNoToken, OpenClient},
    {"POST", "/api/clients/{id}/answers", Access::kSession, Scope::kInstancesWrite, AnswerClient,
     Manner::kWaitsForOthers},
    {"POST", "/api/clients/{id}/seen", Access::kSession, Scope::kInstancesWrite, MarkSeen},
    {"GET", "/api/clients/{id}/shares", Access::kSession, Scope::kSharesRead, ListShares},
    {"POST", "/api/clients/{id}/shares", Access::kSession, Scope::kSharesWrite, CreateShare},
    {"DELETE", "/api/clients/{id}/shares/{share}", Access::kSession, Scope::kSharesWrite,
     DeleteShare},
    {"GET", "/api/people", Access::kSession, Scope::kPeopleRead, ListPeople},
    {"PATCH", "/api/people/{id}", Access::kSession, Scope::kPeopleWrite, ChangePerson},
    {"POST", "/api/people/{id}/sign-out", Access::kSession, Scope::kPeopleWrite, SignOutPerson},
    {"GET", "/api/notifications/key", Access::kSession, Scope::kNotificationsRead,
     GetNotificationKey},
    {"GET", "/api/notifications/targets", Access::kSession, Scope::kNotificationsRead,
     ListNotificationTargets},
    {"POST", "/api/notifications/targets", Access::kSession, Scope::kNotificationsWrite,
     CreateNotificationTarget},
    {"PATCH", "/api/notifications/targets/{id}", Access::kSession, Scope::kNotificationsWrite,
     ChangeNotificationTarget},
    {"DELETE", "/api/notifications/targets/{id}", Access::kSession, Scope::kNotificationsWrite,
     DeleteNotificationTarget},
    {"POST", "/api/notifications/targets/{id}/test", Access::kSession, Scope::kNotificationsWrite,
     TestNotificationTarget, Manner::kWaitsForOthers},
    {"POST", "/api/enrolments", Access::kProgram, kNoToken, StartEnrolment},
    {"POST", "/api/enrolments/poll", Access::kProgram, kNoToken, PollEnrolment},
    {"POST", "/api/enrolments/lookup", Access::kSession, Scope::kTokensWrite, LookUpEnrolment},
    {"POST", "/api/enrolments/approve", Access::kSession, Scope::kTokensWrite, ApproveEnrolment},
    {"POST", "/api/enrolments/deny", Access::kSession, Scope::kTokensWrite, DenyEnrolment},
};

/// The segment at the front of `path`, which is taken off.
std::string_view TakeSegment(std::string_view& path) {
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(std::min(end + 1, path.size()));
  return segment;
}

/// What stands for the holes of a pattern.
struct Holes {
  std::string_view first;
  std::string_view second;
};

/// What fills the pattern's holes, if `path` fits it.
std::optional<Holes> Fit(std::string_view pattern, std::string_view path) {
  if (std::ranges::count(pattern, '/') != std::ranges::count(path, '/')) return std::nullopt;
  Holes holes;
  while (!pattern.empty() || !path.empty()) {
    const std::string_view wanted = TakeSegment(pattern);
    const std::string_view segment = TakeSegment(path);
    if (!wanted.starts_with('{')) {
      if (wanted != segment) return std::nullopt;
      continue;
    }
    if (segment.empty()) return std::nullopt;
    (holes.first.empty() ? holes.first : holes.second) = segment;
  }
  return holes;
}

http::Response MethodNotAllowed(std::string_view path) {
  std::string allowed;
  for (const Route& route : kRoutes) {
    if (!Fit(route.pattern, path)) continue;
    if (!allowed.empty()) allowed += ", ";
    allowed += route.method;
  }
  auto response = ProblemResponse({405, "Method not allowed", "Use one of: " + allowed + "."});
  response.head.fields.Add("allow", allowed);
  return response;
}

/// Fills in who calls, where the route is not open to all, or gives the answer that says why not. A
/// bearer token is all that counts where there is one: no cookie helps it.
std::optional<http::Response> Identify(HubContext& hub, const Route& route, ApiCall& call) {
  if (route.access != Access::kSession) return std::nullopt;
  if (const auto bearer = BearerOf(call.request.head)) {
    const std::string text(*bearer);
    const std::string what = fmt::format("{} {}", route.method, route.pattern);
    return IdentifyByToken(hub, text, route.scope, what, call);
  }
  call.session =
      SessionOf(hub, call.request.head,
                route.manner == Manner::kIsNoUse ? identity::Use::kIsNone : identity::Use::kCounts);
  if (!call.session) return ProblemResponse(ProblemOf(Unauthorized("no session")));
  if (auto refusal = RefusalWithoutProof(hub, call.request.head, *call.session)) return refusal;
  call.user = PersonOf(hub, call.session->user_id);
  return std::nullopt;
}

/// What the caller gets; an error is logged here.
http::Response AnswerOf(const Route& route, Result<http::Response> result) {
  if (result) return std::move(*result);
  const Error& error = result.error();
  LogDebug("{} {}: {}", route.method, route.pattern, error.ToString());
  if (error.kind == ErrorKind::kInternal) {
    LogError("{} {}: {}", route.method, route.pattern, error.ToString());
  }
  return ProblemResponse(HubProblemOf(error));
}

/// Never fails: there may be nobody who would hear of it.
Task<Result<http::Response>> Change(HubContext& hub, const Route& route, ApiCall call) {
  auto result = co_await route.handler(hub, std::move(call));
  co_return AnswerOf(route, std::move(result));
}

Caller CallerOf(const Route& route, const ApiCall& call) {
  if (route.manner == Manner::kWaitsForOthers) return CallerWaiting(call.user_id());
  if (call.token) return hub::CallerOf(*call.token);
  if (call.session) return hub::CallerOf(*call.session);
  return CallerAt(call.request.peer.address, route.pattern);
}

/// Whose calls are counted together: a session's by itself; but new API tokens give nobody more.
std::string RateKeyOf(const ApiCall& call) {
  return call.token ? fmt::format("tokens of {}", call.user_id()) : call.session->id;
}

Task<Result<http::Response>> Call(HubContext& hub, const Route& route, ApiCall call) {
  const http::RequestHead& head = call.request.head;
  const bool is_of_program = route.access == Access::kProgram && !SessionOf(hub, head);
  const bool needs_no_cookie = is_of_program || BearerOf(head);
  const Proof proof = needs_no_cookie ? Proof::kBearer : Proof::kCookie;
  auto same_origin = CheckSameOrigin(head, hub.hosts.OriginOf(head.authority), proof);
  if (!same_origin) {
    // Sparsely: whoever makes browsers or programs ask must not fill the log. A name of its own, so
    // that it hides no other denial from that address.
    hub.identity.audit().RecordSparsely(
        {.action = identity::audit_action::kCrossSite,
         .result = identity::audit_result::kDenied,
         .address = call.request.peer.address,
         .detail =
             fmt::format("{} {}: {}", route.method, route.pattern, same_origin.error().message)});
    co_return std::move(same_origin).error();
  }
  if (auto refusal = Identify(hub, route, call)) co_return std::move(*refusal);
  if (route.method == "GET") co_return co_await route.handler(hub, std::move(call));
  auto received = co_await JsonBody::Receive(hub, call.request);
  if (!received) co_return std::move(received).error();
  // Again: what the caller had may have ended while the body was on its way.
  if (auto refusal = Identify(hub, route, call)) co_return std::move(*refusal);
  if (call.user && route.manner != Manner::kEndsOne &&
      !hub.change_rate.Spend(RateKeyOf(call), hub.executor.now())) {
    if (hub.refused_changes.IsWorthALine("refused", hub.executor.now())) {
      LogWarn("user {}: too many changes from {}: refused", call.user_id(),
              ForLog(call.request.peer.address));
    }
    co_return TooManyAttempts(std::chrono::seconds(1));
  }
  Caller caller = CallerOf(route, call);
  co_return co_await hub.changes.CarryOut(std::move(caller), Change(hub, route, std::move(call)));
}

}  // namespace

std::span<const Route> ApiRoutes() { return kRoutes; }

std::optional<http::Response> IdentifyByToken(HubContext& hub, std::string_view bearer,
                                              std::optional<Scope> scope, std::string_view what,
                                              ApiCall& call) {
  const std::string& address = call.request.peer.address;
  auto& limiter = hub.identity.api_token_limiter();
  if (const auto wait = limiter.Check(address)) return TooManyAttempts(*wait);
  call.token = hub.identity.api_tokens().Authenticate(bearer);
  call.user = call.token ? PersonOf(hub, call.token->user_id) : nullptr;
  if (!call.user) {
    // Pages can send them too, one of an instance in path mode say, and would lock out the programs
    // that share its reader's address. Nobody guesses 256 bits.
    if (!IsBrowser(call.request.head)) {
      limiter.Count(address);
      LogWarn("API token from {} refused: unknown, expired or revoked", ForLog(address));
    }
    hub.identity.audit().RecordSparsely({.action = identity::audit_action::kAccess,
                                         .result = identity::audit_result::kDenied,
                                         .address = address,
                                         .detail = "bad API token"});
    auto response = ProblemResponse(
        {401, "Bad token", "This API token is unknown, expired or revoked. Make a new one."});
    response.head.fields.Add("www-authenticate", "Bearer error=\"invalid_token\"");
    return response;
  }
  if (!scope) {
    RecordDenied(hub, call, fmt::format("{} with an API token", what));
    return ProblemResponse({403, "Not allowed", "No API token may do this: sign in instead."});
  }
  if (!call.token->Allows(*scope)) {
    const std::string_view name = identity::ToString(*scope);
    RecordDenied(hub, call, fmt::format("an API token without {}", name));
    auto response = ProblemResponse(
        {403, "Not allowed", fmt::format("This API token lacks the scope {}.", name)});
    response.head.fields.Add(
        "www-authenticate", fmt::format("Bearer error=\"insufficient_scope\", scope=\"{}\"", name));
    return response;
  }
  return std::nullopt;
}

bool IsApiPath(std::string_view path) {
  return path.starts_with("/api/") || std::ranges::any_of(kRoutes, [path](const Route& route) {
           return Fit(route.pattern, path).has_value();
         });
}

Task<Result<http::Response>> HandleApi(HubContext& hub, http::Request request) {
  const std::string path(request.head.path());
  const std::string_view method =
      request.head.method == "HEAD" ? "GET" : std::string_view(request.head.method);
  bool is_known = false;
  for (const Route& route : kRoutes) {
    const auto holes = Fit(route.pattern, path);
    if (!holes) continue;
    is_known = true;
    if (route.method != method || request.head.is_upgrade()) continue;
    ApiCall call;
    call.id = std::string(holes->first);
    call.second_id = std::string(holes->second);
    call.request = std::move(request);
    auto result = co_await Call(hub, route, std::move(call));
    co_return AnswerOf(route, std::move(result));
  }
  if (is_known) co_return MethodNotAllowed(path);
  co_return ProblemResponse({404, "Not found", "There is no such route in this API."});
}

}  // namespace berth::hub
