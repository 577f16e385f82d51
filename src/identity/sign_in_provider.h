// SignInProvider: somebody who vouches for people: GitHub (github.h), OpenID Connect (oidc.h).
//
// A provider knows how to ask who somebody is and which groups they are in, and holds the
// allow-list that decides about them. What follows from its word (users, sessions, removal) is done
// in sign_in.h and membership.h. Lives on one loop.
#pragma once

#include <string>
#include <string_view>

#include "base/secret.h"
#include "identity/oauth.h"
#include "store/users.h"

namespace berth::identity {

/// Somebody whom the provider vouches for, at this moment.
struct VerifiedPerson {
  std::string subject = {};         ///< Stable; never a name.
  store::UserProfile profile = {};  ///< Without the credential.
  bool is_admitted = false;         ///< What the allow-list says.
};

/// What the browser is sent to the provider with.
struct AuthorizeRequest {
  std::string redirect_uri = {};
  std::string state = {};
  std::string challenge = {};
  std::string nonce = {};
};

/// What the browser came back with, and what we kept meanwhile.
struct CodeRequest {
  std::string code = {};
  std::string redirect_uri = {};
  Secret verifier = {};
  std::string nonce = {};
};

class SignInProvider {
 public:
  virtual ~SignInProvider() = default;

  /// "github": users.provider, and part of addresses.
  virtual std::string_view name() const = 0;
  /// For the button: "GitHub".
  virtual std::string label() const = 0;
  /// Whose ids the subjects are: the provider's own address.
  virtual std::string home() const = 0;

  /// To be awaited before anything else.
  virtual Task<Result<void>> Load() { co_return Ok(); }

  /// Where to send the browser. kUnavailable, kTimeout: the provider does not answer.
  virtual Task<Result<std::string>> AuthorizeUrl(AuthorizeRequest request) = 0;

  /// Trades the code for what the provider says; `credential` receives what to ask again with, and
  /// must outlive the call. kUnauthorized: the code, or what came for it, is not good;
  /// kInternal: the hub's own database failed; anything else: no useful answer.
  virtual Task<Result<VerifiedPerson>> Redeem(CodeRequest request, Credential& credential) = 0;

  /// Asks again about somebody. `credential` must outlive the call, and may change whatever the
  /// result is. kUnauthorized: the provider no longer vouches for them; anything else: no useful
  /// answer at this time.
  virtual Task<Result<VerifiedPerson>> Recheck(store::User person, Credential& credential) = 0;
};

}  // namespace berth::identity
