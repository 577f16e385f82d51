// /api/tokens: what agents prove themselves with. A token is shown once, when it is made.
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "hub/api.h"
#include "hub/browser.h"
#include "identity/identity.h"

namespace berth::hub {

Task<Result<http::Response>> ListTokens(HubContext& hub, ApiCall call) {
  boost::json::array tokens;
  for (const auto& token : hub.identity.tokens().List(call.user_id())) {
    boost::json::object entry;
    entry["id"] = token.id;
    entry["name"] = token.name;
    entry["created_at"] = FormatIso8601(token.created_at);
    entry["last_used_at"] =
        token.last_used_at ? boost::json::value(FormatIso8601(*token.last_used_at)) : nullptr;
    tokens.push_back(std::move(entry));
  }
  boost::json::object body;
  body["tokens"] = std::move(tokens);
  co_return JsonResponse(200, boost::json::serialize(body));
}

Task<Result<http::Response>> CreateToken(HubContext& hub, ApiCall call) {
  auto name = co_await ReadStringMember(hub, call.request, "name");
  if (!name) co_return std::move(name).error();
  auto created = co_await hub.identity.tokens().Create(call.user_id(), std::move(*name));
  if (!created) co_return Wrap(std::move(created).error(), "create token");
  boost::json::object body;
  body["id"] = created->id;
  body["name"] = created->name;
  body["token"] = created->text.Reveal();
  co_return JsonResponse(201, boost::json::serialize(body));
}

Task<Result<http::Response>> RevokeToken(HubContext& hub, ApiCall call) {
  auto revoked = co_await hub.identity.tokens().Revoke(call.user_id(), call.id);
  if (!revoked) co_return Wrap(std::move(revoked).error(), "revoke token");
  co_return NoContent();
}

}  // namespace berth::hub
