// /api/api-tokens: what scripts prove themselves with towards this API. A token is shown once, when
// it is made. No API token opens these routes: it could give itself what it lacks, and outlive its
// revocation.
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/log.h"
#include "hub/api.h"
#include "hub/audit_events.h"
#include "hub/browser.h"
#include "hub/json_body.h"
#include "hub/problem.h"
#include "identity/identity.h"

namespace berth::hub {
namespace {

using identity::Scope;

boost::json::object ViewOf(const identity::ApiToken& token) {
  boost::json::object view;
  view["id"] = token.id;
  view["name"] = token.name;
  boost::json::array scopes;
  for (const Scope scope : token.scopes) scopes.emplace_back(identity::ToString(scope));
  view["scopes"] = std::move(scopes);
  view["created_at"] = FormatIso8601(token.created_at);
  view["expires_at"] = TimeOrNull(token.expires_at);
  return view;
}

Result<std::vector<Scope>> ParseScopes(const std::vector<std::string>& names) {
  std::vector<Scope> scopes;
  for (const std::string& name : names) {
    const auto scope = identity::ParseScope(name);
    if (!scope) return Invalid(fmt::format("there is no scope \"{}\"", ForLog(name)));
    scopes.push_back(*scope);
  }
  return scopes;
}

}  // namespace

Task<Result<http::Response>> ListApiTokens(HubContext& hub, ApiCall call) {
  boost::json::array tokens;
  for (const auto& [token, last_used_at] : hub.identity.api_tokens().List(call.user_id())) {
    boost::json::object entry = ViewOf(*token);
    entry["last_used_at"] = TimeOrNull(last_used_at);
    tokens.push_back(std::move(entry));
  }
  boost::json::object body;
  body["api_tokens"] = std::move(tokens);
  co_return JsonResponse(200, boost::json::serialize(body));
}

Task<Result<http::Response>> CreateApiToken(HubContext& hub, ApiCall call) {
  auto body = co_await JsonBody::Read(hub, call.request);
  if (!body) co_return std::move(body).error();
  identity::NewApiToken wanted;
  wanted.user_id = call.user_id();
  wanted.name = body->String("name");
  auto scopes = ParseScopes(body->StringsOrNone("scopes"));
  wanted.expires_at = body->TimeOrNone("expires_at");
  auto checked = body->Finish();
  if (!checked) co_return std::move(checked).error();
  if (!scopes) co_return std::move(scopes).error();
  wanted.scopes = *std::move(scopes);
  auto created = co_await hub.identity.api_tokens().Create(std::move(wanted));
  if (!created && created.error().kind == ErrorKind::kConflict) {
    co_return ProblemResponse({409, "Too many API tokens",
                               fmt::format("You have {} already: revoke some of them.",
                                           identity::ApiTokens::kMaxPerUser)});
  }
  if (!created) co_return std::move(created).error();
  const identity::ApiToken& token = *created->token;
  co_await RecordCall(hub, call, identity::audit_action::kApiTokenCreate,
                      {.detail = fmt::format("{} {}", token.id, token.name)});
  boost::json::object answer = ViewOf(token);
  answer["token"] = created->text.Reveal();
  co_return JsonResponse(201, boost::json::serialize(answer));
}

Task<Result<http::Response>> RevokeApiToken(HubContext& hub, ApiCall call) {
  auto revoked = co_await hub.identity.api_tokens().Revoke(call.user_id(), call.id);
  if (!revoked) co_return Wrap(std::move(revoked).error(), "revoke API token");
  co_await RecordCall(hub, call, identity::audit_action::kApiTokenRevoke, {.detail = call.id});
  co_return NoContent();
}

}  // namespace berth::hub
