// OAuth 2.0 as a client of somebody else (RFC 6749, RFC 7636): the code for tokens, and a fresh
// access token for a refresh token.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "http/web.h"

namespace berth::identity {

/// The S256 code challenge of a verifier.
std::string ChallengeOf(const Secret& verifier);

/// How we prove to the token endpoint who we are.
enum class ClientProof {
  kBasic,  ///< Authorization: Basic.
  kForm,   ///< client_secret among the parameters; without a secret, client_id alone.
};

struct OAuthClient {
  std::string id = {};
  Secret secret = {};  ///< Empty: a public client.
};

/// What may be kept of somebody, to ask the provider about them again.
struct Credential {
  Secret access = {};
  Secret refresh = {};  ///< Empty: none.

  /// As text, to be sealed, and back. kInvalid.
  Secret ToText() const;
  static Result<Credential> FromText(const Secret& text);
};

struct TokenAnswer {
  Credential credential = {};
  std::string id_token = {};  ///< "" unless it is OpenID Connect.
};

using FormParameters = std::vector<std::pair<std::string, std::string>>;

/// "name=value&...", percent-encoded.
std::string ToForm(const FormParameters& parameters);

/// Asks the token endpoint. kUnauthorized: the code or refresh token is not (or no longer) good;
/// anything else: no useful answer, trying later may help. `web` and `client` must outlive the
/// call.
Task<Result<TokenAnswer>> AskForTokens(http::Web& web, std::string endpoint,
                                       const OAuthClient& client, ClientProof proof,
                                       FormParameters parameters);

}  // namespace berth::identity
