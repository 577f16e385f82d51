// The options of `berth hub` that say how people sign in.
#include <algorithm>

#include "base/text.h"
#include "cli/options.h"
#include "cli/setting_values.h"
#include "identity/github.h"
#include "net/address.h"

namespace berth::cli {
namespace {

/// Text without spaces and control characters.
Result<std::string> Word(std::string_view text) {
  const bool is_word = std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
  if (text.empty() || text.size() > 512 || !is_word) {
    return Invalid(fmt::format("\"{}\" is not one word", ForLog(text)));
  }
  return std::string(text);
}

Result<std::string> WordFromFile(std::string_view path) {
  auto text = ReadSecretFile(path);
  if (!text) return std::move(text).error();
  return Word(text->Reveal());
}

Result<Secret> SecretText(std::string_view text) { return Secret(text); }

Result<std::string> ButtonName(std::string_view text) {
  if (text.empty() || text.size() > 60 || HasControl(text)) return Invalid("expected a short name");
  return std::string(text);
}

/// Plain HTTP would show tokens and codes to everybody on the way.
Result<void> CheckProviderUrl(const net::Url& url) {
  if (url.scheme == "https") return Ok();
  if (url.scheme == "http" && net::IsLoopbackHost(url.place.host)) return Ok();
  return Invalid("must begin with https:// (http:// only on this machine)");
}

Result<std::string> ProviderOrigin(std::string_view text) {
  constexpr std::string_view kExample = "https://github.example.org";
  auto url = ParseUrl(text, kExample);
  if (!url) return std::move(url).error();
  auto checked = CheckProviderUrl(*url);
  if (!checked) return std::move(checked).error();
  return NormalizeOrigin(text, kExample);
}

/// Kept byte for byte: it must equal what the provider calls itself.
Result<std::string> Issuer(std::string_view text) {
  auto url = ParseUrl(text, "https://login.example.org");
  if (!url) return std::move(url).error();
  if (!text.starts_with(url->scheme)) return Invalid("must begin with https:// in lower case");
  auto checked = CheckProviderUrl(*url);
  if (!checked) return std::move(checked).error();
  return std::string(text);
}

}  // namespace

std::vector<Setting> SignInSettings(hub::HubOptions& options) {
  return {
      {.name = "github-client-id",
       .value_name = "ID",
       .help = "Sign-in with GitHub: the OAuth app's client id",
       .set = Into(options.sign_in.github.client_id, Word),
       .variable = "GITHUB_CLIENT_ID"},
      {.name = "github-client-id-file",
       .value_name = "FILE",
       .help = "",
       .set = Into(options.sign_in.github.client_id, WordFromFile),
       .variable = "GITHUB_CLIENT_ID_FILE",
       .source = Source::kEnvironment},
      {.name = "github-client-secret-file",
       .value_name = "FILE",
       .help = "Holds the client secret, unless GITHUB_CLIENT_SECRET does",
       .set = Into(options.sign_in.github.client_secret, ReadSecretFile),
       .variable = "GITHUB_CLIENT_SECRET_FILE"},
      {.name = "github-client-secret",
       .value_name = "SECRET",
       .help = "",
       .set = Into(options.sign_in.github.client_secret, SecretText),
       .variable = "GITHUB_CLIENT_SECRET",
       .source = Source::kEnvironment},
      {.name = "github-url",
       .value_name = "URL",
       .help = "A GitHub Enterprise Server (default https://github.com)",
       .set = Into(options.sign_in.github.url, ProviderOrigin)},
      {.name = "allowed-users",
       .value_name = "USER",
       .help = "GitHub users who may sign in: logins or numeric ids",
       .set = AppendEachTo(options.sign_in.github.allowed_users),
       .variable = "ALLOWED_USERS",
       .is_list = true},
      {.name = "allowed-orgs",
       .value_name = "ORG",
       .help = "GitHub orgs whose members may sign in",
       .set = AppendEachTo(options.sign_in.github.allowed_orgs),
       .variable = "ALLOWED_ORGS",
       .is_list = true},
      {.name = "allowed-teams",
       .value_name = "ORG/TEAM",
       .help = "GitHub teams whose members may sign in, as org/team-slug",
       .set = AppendEachTo(options.sign_in.github.allowed_teams),
       .variable = "ALLOWED_TEAMS",
       .is_list = true},
      {.name = "oidc-issuer",
       .value_name = "URL",
       .help = "Sign-in with OpenID Connect: the provider's issuer",
       .set = Into(options.sign_in.oidc.issuer, Issuer)},
      {.name = "oidc-client-id",
       .value_name = "ID",
       .help = "What the provider knows this hub as",
       .set = Into(options.sign_in.oidc.client_id, Word)},
      {.name = "oidc-client-secret-file",
       .value_name = "FILE",
       .help = "Holds the client secret; or give it in BERTH_OIDC_CLIENT_SECRET",
       .set = Into(options.sign_in.oidc.client_secret, ReadSecretFile)},
      {.name = "oidc-client-secret",
       .value_name = "SECRET",
       .help = "",
       .set = Into(options.sign_in.oidc.client_secret, SecretText),
       .source = Source::kEnvironment},
      {.name = "oidc-name",
       .value_name = "NAME",
       .help = "For the button: Sign in with NAME (default single sign-on)",
       .set = Into(options.sign_in.oidc.name, ButtonName)},
      {.name = "oidc-scopes",
       .value_name = "SCOPE",
       .help = "Scopes to ask for besides openid (default profile)",
       .set = AppendEachTo(options.sign_in.oidc.scopes),
       .is_list = true},
      {.name = "oidc-groups-claim",
       .value_name = "CLAIM",
       .help = "The claim that holds the groups (default groups)",
       .set = Into(options.sign_in.oidc.groups_claim, Word)},
      {.name = "oidc-allowed-users",
       .value_name = "SUB",
       .help = "Who may sign in, by the provider's stable id: the sub claim",
       .set = AppendTo(options.sign_in.oidc.allowed_users),
       .is_list = true},
      {.name = "oidc-allowed-groups",
       .value_name = "GROUP",
       .help = "Groups whose members may sign in",
       .set = AppendTo(options.sign_in.oidc.allowed_groups),
       .is_list = true},
  };
}

Result<void> CheckSignIn(const identity::SignInOptions& options) {
  const identity::GitHubOptions& github = options.github;
  if (github.client_id.empty() != github.client_secret.empty()) {
    return Invalid("github-client-id and its secret belong together: give both or neither");
  }
  const identity::OidcOptions& oidc = options.oidc;
  if (oidc.issuer.empty() != oidc.client_id.empty()) {
    return Invalid("oidc-issuer and oidc-client-id belong together: give both or neither");
  }
  return identity::GitHub::CheckLists(github);
}

std::vector<std::string> SignInWarnings(const identity::SignInOptions& options) {
  const identity::GitHubOptions& github = options.github;
  const identity::OidcOptions& oidc = options.oidc;
  const bool has_github = !github.client_id.empty();
  const bool has_oidc = !oidc.issuer.empty();
  const bool names_github = !github.allowed_users.empty() || !github.allowed_orgs.empty() ||
                            !github.allowed_teams.empty();
  const bool names_oidc = !oidc.allowed_users.empty() || !oidc.allowed_groups.empty();
  std::vector<std::string> warnings;
  if (names_github && !has_github) {
    warnings.emplace_back(
        "allowed-users, -orgs and -teams admit nobody: sign-in with GitHub is not set up "
        "(github-client-id)");
  }
  if (names_oidc && !has_oidc) {
    warnings.emplace_back(
        "oidc-allowed-users and -groups admit nobody: sign-in with OpenID Connect is not set up "
        "(oidc-issuer)");
  }
  if (has_github && !names_github) {
    warnings.emplace_back(
        "nobody may sign in with GitHub: name them in allowed-users, allowed-orgs or "
        "allowed-teams");
  }
  if (has_oidc && !names_oidc) {
    warnings.emplace_back(
        "nobody may sign in with OpenID Connect: name them in oidc-allowed-users or "
        "oidc-allowed-groups");
  }
  return warnings;
}

}  // namespace berth::cli
