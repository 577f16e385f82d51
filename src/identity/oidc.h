// OpenID Connect as a sign-in provider: discovery, authorization code with PKCE and nonce, ID
// tokens verified against the provider's keys, groups from a claim.
//
// Somebody is admitted if their "sub" or one of their groups is on a list. They are asked about
// again by refresh token where the provider gives one, else by its userinfo endpoint for as long as
// the access token is good; where neither works, their access ends (membership.h).
//
// Groups are kept as "oidc:NAME", so that none is ever taken for a GitHub org of that name.
#pragma once

#include <memory>
#include <optional>

#include "base/executor.h"
#include "base/wall_clock.h"
#include "identity/id_token.h"
#include "identity/policy.h"
#include "identity/sign_in_options.h"
#include "identity/sign_in_provider.h"

namespace berth::identity {

/// What the provider says of itself at ISSUER/.well-known/openid-configuration.
struct OidcEndpoints {
  std::string authorization = {};
  std::string token = {};
  std::string userinfo = {};  ///< "" for none.
  std::string keys = {};
  ClientProof proof = ClientProof::kBasic;
};

/// kInvalid: not for this issuer, or an endpoint is missing or not https.
Result<OidcEndpoints> ParseOidcEndpoints(std::string_view text, std::string_view issuer);

/// The groups in a claim: an array of text, or one text. Nothing if the claim is missing.
std::optional<std::vector<std::string>> GroupsIn(const boost::json::object& claims,
                                                 std::string_view claim);

class Oidc : public SignInProvider {
 public:
  /// Everything handed in must outlive the object.
  Oidc(Executor& executor, http::Web& web, WallClock clock, const OidcOptions& options);

  std::string_view name() const override { return "oidc"; }
  std::string label() const override { return options_.name; }
  std::string home() const override { return options_.issuer; }
  Task<Result<std::string>> AuthorizeUrl(AuthorizeRequest request) override;
  Task<Result<VerifiedPerson>> Redeem(CodeRequest request, Credential& credential) override;
  Task<Result<VerifiedPerson>> Recheck(store::User person, Credential& credential) override;

 private:
  Task<Result<OidcEndpoints>> Discover();
  Task<Result<boost::json::object>> GetObject(std::string url, std::string bearer);
  /// The claims of a token that passes every check.
  Task<Result<boost::json::object>> Claims(std::string id_token, std::optional<std::string> nonce);
  Task<Result<void>> FetchKeys();
  /// The claims that the userinfo endpoint has for the token's owner.
  Task<Result<boost::json::object>> UserInfo(const Secret& access, std::string subject);
  VerifiedPerson Judge(const boost::json::object& claims,
                       const std::vector<std::string>& groups) const;

  Executor& executor_;
  http::Web& web_;
  const WallClock clock_;
  const OidcOptions& options_;
  const OAuthClient client_;
  OidcPolicy policy_;
  std::optional<OidcEndpoints> endpoints_;
  TimePoint endpoints_until_{};  ///< Asked for again then.
  Jwks keys_;
  std::optional<TimePoint> keys_fetched_at_;
};

}  // namespace berth::identity
