#include "identity/oidc.h"

#include <algorithm>
#include <boost/json/value.hpp>

#include "base/json.h"
#include "base/log.h"
#include "http/web.h"
#include "identity/keepable_name.h"

namespace berth::identity {
namespace {

constexpr Duration kEndpointsLast = std::chrono::hours(1);
/// A token under an unknown key makes us ask for the keys again, but not more often than this.
constexpr Duration kKeysLastAtLeast = std::chrono::seconds(10);
constexpr Duration kKeysLastAtMost = std::chrono::hours(1);
constexpr std::size_t kMaxGroups = 2000;
constexpr std::string_view kGroupPrefix = "oidc:";

std::string FirstOf(const boost::json::object& claims,
                    std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const std::string_view value = StringMember(claims, name);
    if (IsKeepableName(value)) return std::string(value);
  }
  return {};
}

/// Claims of an ID token count more than those of userinfo.
void AddMissing(const boost::json::object& from, boost::json::object& claims) {
  for (const auto& [name, value] : from) claims.emplace(name, value);
}

bool Lists(const boost::json::object& object, std::string_view name, std::string_view wanted) {
  const auto* list = ArrayMember(object, name);
  return list != nullptr && std::ranges::any_of(*list, [wanted](const boost::json::value& entry) {
           return entry.is_string() && std::string_view(entry.get_string()) == wanted;
         });
}

}  // namespace

Result<OidcEndpoints> ParseOidcEndpoints(std::string_view text, std::string_view issuer) {
  auto object = ParseJsonObject(text);
  if (!object) return Wrap(std::move(object).error(), "discovery");
  if (StringMember(*object, "issuer") != issuer) {
    return Invalid(fmt::format("discovery: the provider calls itself \"{}\", not \"{}\"",
                               ForLog(StringMember(*object, "issuer")), ForLog(issuer)));
  }
  OidcEndpoints endpoints;
  endpoints.authorization = StringMember(*object, "authorization_endpoint");
  endpoints.token = StringMember(*object, "token_endpoint");
  endpoints.userinfo = StringMember(*object, "userinfo_endpoint");
  endpoints.keys = StringMember(*object, "jwks_uri");
  for (const std::string* url : {&endpoints.authorization, &endpoints.token, &endpoints.keys}) {
    auto parsed = http::ParseWebUrl(*url);
    if (!parsed) return Wrap(std::move(parsed).error(), "discovery");
  }
  if (!endpoints.userinfo.empty() && !http::ParseWebUrl(endpoints.userinfo)) {
    endpoints.userinfo.clear();
  }
  constexpr std::string_view kProofs = "token_endpoint_auth_methods_supported";
  if (!Lists(*object, kProofs, "client_secret_basic") &&
      Lists(*object, kProofs, "client_secret_post")) {
    endpoints.proof = ClientProof::kForm;
  }
  return endpoints;
}

std::optional<std::vector<std::string>> GroupsIn(const boost::json::object& claims,
                                                 std::string_view claim) {
  const auto* value = claims.if_contains(claim);
  if (value == nullptr) return std::nullopt;
  std::vector<std::string> groups;
  const auto add = [&groups](const boost::json::value& entry) {
    if (!entry.is_string() || groups.size() == kMaxGroups) return;
    if (std::string name(entry.get_string()); IsKeepableName(name)) {
      groups.push_back(std::move(name));
    }
  };
  if (const auto* list = value->if_array()) {
    for (const auto& entry : *list) add(entry);
  } else {
    add(*value);
  }
  return groups;
}

Oidc::Oidc(Executor& executor, http::Web& web, WallClock clock, const OidcOptions& options)
    : executor_(executor),
      web_(web),
      clock_(std::move(clock)),
      options_(options),
      client_{.id = options.client_id, .secret = options.client_secret.Copy()} {
  policy_.subjects.insert(options.allowed_users.begin(), options.allowed_users.end());
  policy_.groups.insert(options.allowed_groups.begin(), options.allowed_groups.end());
}

Task<Result<boost::json::object>> Oidc::GetObject(std::string url, std::string bearer) {
  http::WebQuestion question;
  question.url = std::move(url);
  question.fields.Add("accept", "application/json");
  if (!bearer.empty()) question.fields.Add("authorization", "Bearer " + bearer);
  auto answer = co_await web_.Ask(std::move(question));
  if (!answer) co_return Unavailable(answer.error().message);
  if (answer->status == 401) co_return Unauthorized("the provider refuses the token");
  if (answer->status != 200) {
    co_return Unavailable(fmt::format("the provider answers with status {}", answer->status));
  }
  auto object = ParseJsonObject(answer->body);
  if (!object) co_return Unavailable("the provider's answer is no JSON object");
  co_return object;
}

Task<Result<OidcEndpoints>> Oidc::Discover() {
  if (endpoints_ && executor_.now() < endpoints_until_) co_return *endpoints_;
  std::string url = options_.issuer;
  while (url.ends_with('/')) url.pop_back();
  url += "/.well-known/openid-configuration";
  http::WebQuestion question;
  question.url = url;
  question.fields.Add("accept", "application/json");
  auto answer = co_await web_.Ask(std::move(question));
  Error failure;
  if (!answer) {
    failure = Unavailable(answer.error().message);
  } else if (answer->status != 200) {
    failure = Unavailable(fmt::format("discovery: status {}", answer->status));
  } else {
    auto endpoints = ParseOidcEndpoints(answer->body, options_.issuer);
    if (endpoints) {
      endpoints_ = std::move(*endpoints);
      endpoints_until_ = executor_.now() + kEndpointsLast;
      co_return *endpoints_;
    }
    failure = Unavailable(endpoints.error().message);
  }
  // What it said before is the better guess.
  if (endpoints_) co_return *endpoints_;
  co_return failure;
}

Task<Result<std::string>> Oidc::AuthorizeUrl(AuthorizeRequest request) {
  auto endpoints = co_await Discover();
  if (!endpoints) co_return std::move(endpoints).error();
  std::string scope = "openid";
  for (const std::string& more : options_.scopes) scope += " " + more;
  if (options_.scopes.empty()) scope += " profile";
  const FormParameters parameters = {{"response_type", "code"},
                                     {"client_id", client_.id},
                                     {"redirect_uri", request.redirect_uri},
                                     {"scope", scope},
                                     {"state", request.state},
                                     {"nonce", request.nonce},
                                     {"code_challenge", request.challenge},
                                     {"code_challenge_method", "S256"}};
  const char joint = endpoints->authorization.find('?') == std::string::npos ? '?' : '&';
  co_return fmt::format("{}{}{}", endpoints->authorization, joint, ToForm(parameters));
}

Task<Result<void>> Oidc::FetchKeys() {
  auto endpoints = co_await Discover();
  if (!endpoints) co_return std::move(endpoints).error();
  http::WebQuestion question;
  question.url = endpoints->keys;
  question.fields.Add("accept", "application/json");
  auto answer = co_await web_.Ask(std::move(question));
  if (!answer) co_return Unavailable(answer.error().message);
  if (answer->status != 200) {
    co_return Unavailable(fmt::format("key set: status {}", answer->status));
  }
  auto keys = Jwks::Parse(answer->body);
  if (!keys) co_return Unavailable(keys.error().message);
  keys_ = std::move(*keys);
  keys_fetched_at_ = executor_.now();
  co_return Ok();
}

Task<Result<boost::json::object>> Oidc::Claims(std::string id_token,
                                               std::optional<std::string> nonce) {
  auto token = ParseIdToken(id_token);
  if (!token) co_return Unauthorized(token.error().message);
  const bool is_old = !keys_fetched_at_ || executor_.now() >= *keys_fetched_at_ + kKeysLastAtMost;
  const bool is_fresh = keys_fetched_at_ && executor_.now() < *keys_fetched_at_ + kKeysLastAtLeast;
  if (is_old || (!is_fresh && keys_.Find(token->key_id, token->kind) == nullptr)) {
    auto fetched = co_await FetchKeys();
    const bool is_known = keys_.Find(token->key_id, token->kind) != nullptr;
    if (!fetched && !is_known) co_return std::move(fetched).error();
  }
  const PublicKey* key = keys_.Find(token->key_id, token->kind);
  if (key == nullptr) co_return Unauthorized("ID token: signed with a key that is not published");
  IdTokenDemands demands{
      .issuer = options_.issuer, .client_id = client_.id, .nonce = {}, .now = clock_()};
  if (nonce) demands.nonce = *nonce;
  auto checked = CheckIdToken(*token, *key, demands);
  if (!checked) co_return std::move(checked).error();
  co_return std::move(token->claims);
}

Task<Result<boost::json::object>> Oidc::UserInfo(const Secret& access, std::string subject) {
  auto endpoints = co_await Discover();
  if (!endpoints) co_return std::move(endpoints).error();
  if (endpoints->userinfo.empty()) co_return NotFound("the provider has no userinfo endpoint");
  auto info = co_await GetObject(endpoints->userinfo, std::string(access.Reveal()));
  if (!info) co_return std::move(info).error();
  if (StringMember(*info, "sub") != subject) co_return Unavailable("userinfo of somebody else");
  co_return info;
}

VerifiedPerson Oidc::Judge(const boost::json::object& claims,
                           const std::vector<std::string>& groups) const {
  VerifiedPerson person;
  person.subject = StringMember(claims, "sub");
  person.profile.login = FirstOf(claims, {"preferred_username", "email", "name", "sub"});
  person.profile.name = FirstOf(claims, {"name", "preferred_username", "email", "sub"});
  person.profile.avatar_url = StringMember(claims, "picture");
  std::vector<std::string> prefixed;
  for (const std::string& group : groups) prefixed.push_back(std::string(kGroupPrefix) + group);
  person.profile.groups = std::move(prefixed);
  person.is_admitted = policy_.Admits(person.subject, groups);
  return person;
}

Task<Result<VerifiedPerson>> Oidc::Redeem(CodeRequest request, Credential& credential) {
  auto endpoints = co_await Discover();
  if (!endpoints) co_return std::move(endpoints).error();
  FormParameters parameters = {{"grant_type", "authorization_code"},
                               {"code", request.code},
                               {"redirect_uri", request.redirect_uri},
                               {"code_verifier", std::string(request.verifier.Reveal())}};
  auto tokens = co_await AskForTokens(web_, endpoints->token, client_, endpoints->proof,
                                      std::move(parameters));
  if (!tokens) co_return std::move(tokens).error();
  credential = std::move(tokens->credential);
  auto claims = co_await Claims(std::move(tokens->id_token), std::move(request.nonce));
  if (!claims) co_return std::move(claims).error();
  auto groups = GroupsIn(*claims, options_.groups_claim);
  if (!groups) {
    auto info = co_await UserInfo(credential.access, std::string(StringMember(*claims, "sub")));
    if (info) {
      groups = GroupsIn(*info, options_.groups_claim);
      AddMissing(*info, *claims);
    } else if (info.error().kind != ErrorKind::kNotFound) {
      // A token that is minutes old and refused says nothing about the person.
      co_return Unavailable(info.error().message);
    }
  }
  co_return Judge(*claims, groups.value_or(std::vector<std::string>()));
}

Task<Result<VerifiedPerson>> Oidc::Recheck(store::User person, Credential& credential) {
  auto endpoints = co_await Discover();
  if (!endpoints) co_return std::move(endpoints).error();
  boost::json::object claims;
  if (!credential.refresh.empty()) {
    FormParameters parameters = {{"grant_type", "refresh_token"},
                                 {"refresh_token", std::string(credential.refresh.Reveal())}};
    auto tokens = co_await AskForTokens(web_, endpoints->token, client_, endpoints->proof,
                                        std::move(parameters));
    if (!tokens) co_return std::move(tokens).error();
    // A provider that does not change the refresh token need not repeat it.
    if (tokens->credential.refresh.empty()) {
      tokens->credential.refresh = std::move(credential.refresh);
    }
    credential = std::move(tokens->credential);
    if (!tokens->id_token.empty()) {
      auto fresh = co_await Claims(std::move(tokens->id_token), std::nullopt);
      if (!fresh) co_return std::move(fresh).error();
      if (StringMember(*fresh, "sub") != person.subject) {
        co_return Unauthorized("the refreshed ID token is of somebody else");
      }
      claims = std::move(*fresh);
    }
  }
  auto groups = GroupsIn(claims, options_.groups_claim);
  if (claims.empty() || !groups) {
    auto info = co_await UserInfo(credential.access, person.subject);
    if (info) {
      groups = GroupsIn(*info, options_.groups_claim);
      AddMissing(*info, claims);
    } else if (claims.empty() || info.error().kind != ErrorKind::kNotFound) {
      // An access token that has run out, too: the provider has said nothing of the person.
      co_return Unavailable(info.error().message);
    }
  }
  if (!groups && !person.groups.empty() && !policy_.subjects.contains(person.subject)) {
    co_return Unavailable("the provider tells the groups at sign-in only");
  }
  VerifiedPerson verified = Judge(claims, groups.value_or(std::vector<std::string>()));
  if (!groups) verified.profile.groups.reset();
  co_return verified;
}

}  // namespace berth::identity
