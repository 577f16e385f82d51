// /api/api-tokens: what scripts prove themselves with towards this API. A token is shown once, when
// it is made. No API token opens these routes: it could give itself what it lacks, and outlive its
// revocation.
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "hub/api.h"
#include "hub/audit_events.h"
#include "hub/browser.h"
#include "hub/problem.h"
#include "identity/credential.h"
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
  view["expires_at"] =
      token.expires_at ? boost::json::value(FormatIso8601(*token.expires_at)) : nullptr;
  return view;
}

/// A time as browsers write it, with or without milliseconds.
std::optional<WallTime> ParseTime(std::string_view text) {
  if (auto time = ParseIso8601(text)) return time;
  if (!text.ends_with('Z')) return std::nullopt;
  return ParseIso8601(fmt::format("{}.000Z", text.substr(0, text.size() - 1)));
}

std::optional<std::vector<Scope>> ParseScopes(const boost::json::value& value) {
  if (!value.is_array()) return std::nullopt;
  std::vector<Scope> scopes;
  for (const auto& entry : value.get_array()) {
    const auto scope = entry.is_string() ? identity::ParseScope(entry.get_string()) : std::nullopt;
    if (!scope) return std::nullopt;
    scopes.push_back(*scope);
  }
  if (scopes.empty()) return std::nullopt;
  return scopes;
}

/// Takes over what the body says; else what is wrong with it, for whoever wrote it.
std::string_view TakeBody(const boost::json::object& body, WallTime now,
                          identity::NewApiToken& wanted) {
  for (const auto& [name, value] : body) {
    if (name == "name") {
      if (!value.is_string() || !identity::IsTokenName(value.get_string())) break;
      wanted.name = value.get_string();
    } else if (name == "scopes") {
      auto scopes = ParseScopes(value);
      if (!scopes) return "\"scopes\" must list some of the scopes in this hub's API description.";
      wanted.scopes = *std::move(scopes);
    } else if (name == "expires_at") {
      if (value.is_null()) continue;
      if (value.is_string()) wanted.expires_at = ParseTime(value.get_string());
      if (!wanted.expires_at || *wanted.expires_at <= now) {
        return "\"expires_at\" must be a time to come, such as 2030-01-31T00:00:00Z.";
      }
    } else {
      return "Besides \"name\", \"scopes\" and \"expires_at\" nothing can be set.";
    }
  }
  if (wanted.name.empty()) return "\"name\" must have 1 to 100 bytes and no control characters.";
  if (wanted.scopes.empty()) return "\"scopes\" is missing.";
  return {};
}

}  // namespace

Task<Result<http::Response>> ListApiTokens(HubContext& hub, ApiCall call) {
  boost::json::array tokens;
  for (const auto& [token, last_used_at] : hub.identity.api_tokens().List(call.user_id())) {
    boost::json::object entry = ViewOf(*token);
    entry["last_used_at"] =
        last_used_at ? boost::json::value(FormatIso8601(*last_used_at)) : nullptr;
    tokens.push_back(std::move(entry));
  }
  boost::json::object body;
  body["api_tokens"] = std::move(tokens);
  co_return JsonResponse(200, boost::json::serialize(body));
}

Task<Result<http::Response>> CreateApiToken(HubContext& hub, ApiCall call) {
  auto body = co_await ReadJsonObject(hub, call.request);
  if (!body) co_return std::move(body).error();
  identity::NewApiToken wanted;
  wanted.user_id = call.user_id();
  const std::string_view complaint = TakeBody(*body, hub.clock(), wanted);
  if (!complaint.empty()) co_return ProblemResponse({400, "Bad request", std::string(complaint)});
  auto created = co_await hub.identity.api_tokens().Create(std::move(wanted));
  if (!created && created.error().kind == ErrorKind::kConflict) {
    co_return ProblemResponse(
        {409, "Too many API tokens", "You have 100 already: revoke some of them."});
  }
  if (!created) co_return Wrap(std::move(created).error(), "create API token");
  const identity::ApiToken& token = *created->token;
  RecordCall(hub, call, identity::audit_action::kApiTokenCreate,
             {.detail = fmt::format("{} {}", token.id, token.name)});
  boost::json::object answer = ViewOf(token);
  answer["token"] = created->text.Reveal();
  co_return JsonResponse(201, boost::json::serialize(answer));
}

Task<Result<http::Response>> RevokeApiToken(HubContext& hub, ApiCall call) {
  auto revoked = co_await hub.identity.api_tokens().Revoke(call.user_id(), call.id);
  if (!revoked) co_return Wrap(std::move(revoked).error(), "revoke API token");
  RecordCall(hub, call, identity::audit_action::kApiTokenRevoke, {.detail = call.id});
  co_return NoContent();
}

}  // namespace berth::hub
