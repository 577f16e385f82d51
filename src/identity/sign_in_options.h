// How people sign in besides the local link: flags, environment and file. cli/ fills it in.
#pragma once

#include <string>
#include <vector>

#include "base/secret.h"

namespace berth::identity {

struct GitHubOptions {
  std::string url = "https://github.com";  ///< Or a GitHub Enterprise Server; no trailing slash.
  std::string client_id = {};              ///< "": no sign-in with GitHub.
  Secret client_secret = {};
  std::vector<std::string> allowed_users = {};  ///< Logins, or numeric ids.
  std::vector<std::string> allowed_orgs = {};   ///< Logins, or numeric ids.
  std::vector<std::string> allowed_teams = {};  ///< "org/team-slug".
};

struct OidcOptions {
  std::string issuer = {};  ///< Exactly as the provider writes it; "": no OpenID Connect.
  std::string client_id = {};
  Secret client_secret = {};             ///< Empty: a public client.
  std::string name = "single sign-on";   ///< For the button: "Sign in with NAME".
  std::vector<std::string> scopes = {};  ///< Besides "openid"; empty: "profile".
  std::string groups_claim = "groups";
  std::vector<std::string> allowed_users = {};   ///< Values of "sub".
  std::vector<std::string> allowed_groups = {};  ///< Values in the groups claim.
};

struct SignInOptions {
  GitHubOptions github = {};
  OidcOptions oidc = {};
};

}  // namespace berth::identity
