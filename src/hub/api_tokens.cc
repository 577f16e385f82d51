// /api/tokens: what agents prove themselves with. A token is shown once, when it is made.
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "hub/api.h"
#include "hub/audit_events.h"
#include "hub/browser.h"
#include "hub/json_body.h"
#include "hub/problem.h"
#include "identity/identity.h"

namespace berth::hub {

namespace audit_action = identity::audit_action;

Task<Result<http::Response>> ListTokens(HubContext& hub, ApiCall call) {
  boost::json::array tokens;
  for (const auto& token : hub.identity.tokens().List(call.user_id())) {
    boost::json::object entry;
    entry["id"] = token.id;
    entry["name"] = token.name;
    entry["created_at"] = FormatIso8601(token.created_at);
    entry["last_used_at"] = TimeOrNull(token.last_used_at);
    entry["instance_ids"] =
        boost::json::array(token.terms.instance_ids.begin(), token.terms.instance_ids.end());
    entry["expires_at"] = TimeOrNull(token.terms.expires_at);
    tokens.push_back(std::move(entry));
  }
  boost::json::object body;
  body["tokens"] = std::move(tokens);
  co_return JsonResponse(200, boost::json::serialize(body));
}

Task<Result<http::Response>> CreateToken(HubContext& hub, ApiCall call) {
  auto wanted = co_await JsonBody::Read(hub, call.request);
  if (!wanted) co_return std::move(wanted).error();
  std::string name = wanted->String("name");
  identity::AgentTokenTerms terms{.instance_ids = wanted->StringsOrNone("instance_ids"),
                                  .expires_at = wanted->TimeOrNone("expires_at")};
  const auto expires_in = wanted->SecondsOrNone("expires_in");
  auto checked = wanted->Finish();
  if (!checked) co_return std::move(checked).error();
  if (expires_in && terms.expires_at)
    co_return Invalid("expires_in and expires_at exclude each other");
  if (expires_in) terms.expires_at = hub.clock() + *expires_in;
  auto created =
      co_await hub.identity.tokens().Create(call.user_id(), std::move(name), std::move(terms));
  if (!created && created.error().kind == ErrorKind::kConflict) {
    co_return ProblemResponse(
        {409, "Too many agent tokens", ExplainedProblem(created.error()).detail});
  }
  if (!created) co_return Wrap(std::move(created).error(), "create token");
  co_await RecordCall(hub, call, audit_action::kTokenCreate,
                      {.detail = created->id + " " + created->name});
  boost::json::object body;
  body["id"] = created->id;
  body["name"] = created->name;
  body["token"] = created->text.Reveal();
  co_return JsonResponse(201, boost::json::serialize(body));
}

Task<Result<http::Response>> RevokeToken(HubContext& hub, ApiCall call) {
  auto revoked = co_await hub.identity.tokens().Revoke(call.user_id(), call.id);
  if (!revoked) co_return Wrap(std::move(revoked).error(), "revoke token");
  co_await RecordCall(hub, call, audit_action::kTokenRevoke, {.detail = call.id});
  co_return NoContent();
}

}  // namespace berth::hub
