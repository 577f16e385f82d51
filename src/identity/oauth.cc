#include "identity/oauth.h"

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "http/query.h"

namespace berth::identity {
namespace {

/// The errors that are about the code or the refresh token; all others are about us or the
/// provider.
bool IsAboutTheGrant(std::string_view error) {
  constexpr std::array<std::string_view, 4> kNames = {"invalid_grant", "bad_verification_code",
                                                      "bad_refresh_token", "unverified_user_email"};
  return std::ranges::find(kNames, error) != kNames.end();
}

Result<TokenAnswer> ReadAnswer(const http::WebAnswer& answer) {
  auto object = ParseJsonObject(answer.body);
  if (!object) {
    return Unavailable(fmt::format("token endpoint: status {}, no JSON object", answer.status));
  }
  if (const std::string_view error = StringMember(*object, "error"); !error.empty()) {
    const std::string message = fmt::format("token endpoint: {}: {}", ForLog(error),
                                            ForLog(StringMember(*object, "error_description")));
    return IsAboutTheGrant(error) ? Unauthorized(message) : Unavailable(message);
  }
  if (answer.status != 200) {
    return Unavailable(fmt::format("token endpoint: status {}", answer.status));
  }
  TokenAnswer tokens;
  tokens.credential.access = Secret(StringMember(*object, "access_token"));
  tokens.credential.refresh = Secret(StringMember(*object, "refresh_token"));
  tokens.id_token = StringMember(*object, "id_token");
  const auto is_token = [](const Secret& text) {
    return std::ranges::all_of(text.Reveal(), [](char c) { return c > 0x20 && c < 0x7f; });
  };
  if (tokens.credential.access.empty() || !is_token(tokens.credential.access)) {
    return Unavailable("token endpoint: no access token in the answer");
  }
  return tokens;
}

}  // namespace

std::string ChallengeOf(const Secret& verifier) {
  return Base64UrlEncode(Sha256(verifier.Reveal()));
}

Secret Credential::ToText() const {
  boost::json::object object;
  object["access"] = access.Reveal();
  object["refresh"] = refresh.Reveal();
  return Secret(boost::json::serialize(object));
}

Result<Credential> Credential::FromText(const Secret& text) {
  auto object = ParseJsonObject(text.Reveal());
  if (!object) return Wrap(std::move(object).error(), "credential");
  return Credential{.access = Secret(StringMember(*object, "access")),
                    .refresh = Secret(StringMember(*object, "refresh"))};
}

std::string ToForm(const FormParameters& parameters) {
  std::string form;
  for (const auto& [name, value] : parameters) {
    if (!form.empty()) form += '&';
    form += fmt::format("{}={}", http::EscapeQuery(name), http::EscapeQuery(value));
  }
  return form;
}

Task<Result<TokenAnswer>> AskForTokens(http::Web& web, std::string endpoint,
                                       const OAuthClient& client, ClientProof proof,
                                       FormParameters parameters) {
  http::WebQuestion question;
  question.method = "POST";
  question.url = std::move(endpoint);
  question.fields.Add("accept", "application/json");
  question.fields.Add("content-type", "application/x-www-form-urlencoded");
  if (proof == ClientProof::kBasic && !client.secret.empty()) {
    const std::string pair = fmt::format("{}:{}", http::EscapeQuery(client.id),
                                         http::EscapeQuery(client.secret.Reveal()));
    question.fields.Add("authorization", "Basic " + Base64Encode(std::as_bytes(std::span(pair))));
  } else {
    parameters.emplace_back("client_id", client.id);
    if (!client.secret.empty()) parameters.emplace_back("client_secret", client.secret.Reveal());
  }
  question.body = ToForm(parameters);
  auto answer = co_await web.Ask(std::move(question));
  if (!answer) co_return Unavailable(answer.error().message);
  co_return ReadAnswer(*answer);
}

}  // namespace berth::identity
