// /health and /api/session: sign in with a code, who am I, sign out.
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "hub/api.h"
#include "hub/audit_events.h"
#include "hub/begin_session.h"
#include "hub/browser.h"
#include "hub/json_body.h"
#include "hub/problem.h"
#include "identity/identity.h"
#include "store/users.h"

namespace berth::hub {

namespace audit_action = identity::audit_action;

http::Response HealthAnswer() { return JsonResponse(200, "{\"status\":\"ok\"}\n"); }

Task<Result<http::Response>> GetHealth(HubContext&, ApiCall) { co_return HealthAnswer(); }

Task<Result<http::Response>> GetSession(HubContext& hub, ApiCall call) {
  boost::json::object body;
  body["user"] = {{"id", call.user->id},
                  {"name", call.user->name},
                  {"login", call.user->login},
                  {"role", store::ToString(call.user->role)}};
  body["expires_at"] =
      call.session ? boost::json::value(FormatIso8601(call.session->expires_at)) : nullptr;
  body["path_mode"] = hub.path_mode;
  body["subdomain_mode"] = hub.hosts.has_subdomains();
  co_return JsonResponse(200, boost::json::serialize(body));
}

Task<Result<http::Response>> CreateSession(HubContext& hub, ApiCall call) {
  const std::string address = call.request.peer.address;
  if (const auto wait = hub.identity.sign_in_limiter().Attempt(address)) {
    co_return TooManyAttempts(*wait);
  }
  auto body = co_await JsonBody::Read(hub, call.request);
  if (!body) co_return std::move(body).error();
  Secret code(body->String("code"));
  auto checked = body->Finish();
  if (!checked) co_return std::move(checked).error();
  auto user_id = co_await hub.identity.login_codes().Redeem(std::move(code));
  if (!user_id) {
    NoteRefusedSignIn(hub, address, user_id.error());
    hub.identity.audit().RecordSparsely({.action = audit_action::kSignIn,
                                         .result = identity::audit_result::kDenied,
                                         .address = address,
                                         .detail = "link"});
    if (user_id.error().kind != ErrorKind::kUnauthorized) co_return std::move(user_id).error();
    co_return ProblemResponse({401, "Not signed in",
                               "This link is unknown, was used or is too old: make another with "
                               "`berth login-link`, on the hub's machine."});
  }
  if (!PersonOf(hub, *user_id)) {
    // `berth login-link --user` may have made them a moment ago, in another process.
    auto reloaded = co_await hub.identity.ReloadIfChanged();
    if (!reloaded) co_return Wrap(std::move(reloaded).error(), "look for new people");
    if (!PersonOf(hub, *user_id)) co_return Unauthorized("a user who is no longer admitted");
  }
  auto cookie = co_await BeginSession(hub, call.request.head, address, *user_id, "link");
  if (!cookie) co_return Wrap(std::move(cookie).error(), "create session");
  auto response = NoContent();
  response.head.fields.Add("set-cookie", *cookie);
  co_return response;
}

Task<Result<http::Response>> DeleteSession(HubContext& hub, ApiCall call) {
  auto ended = co_await hub.identity.sessions().Revoke(call.session->id);
  if (!ended) co_return Wrap(std::move(ended).error(), "end session");
  co_await RecordCall(hub, call, audit_action::kSignOut);
  auto response = NoContent();
  response.head.fields.Add("set-cookie",
                           identity::ClearCookie(identity::CookieKind::kHub, hub.scheme));
  co_return response;
}

}  // namespace berth::hub
