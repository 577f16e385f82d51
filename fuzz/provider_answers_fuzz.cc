// What a sign-in provider answers in a whole conversation: GitHub's user, orgs, teams and ids, page
// by page, the token endpoints, and OpenID Connect's discovery and userinfo. Properties: tokens and
// secrets go to the provider's own addresses and to nobody else; the talk ends; whoever is vouched
// for has a stable id, and names and groups that can be kept.
//
// Input: one letter for the conversation (below), then the answers in turn, divided by bytes 0x1e.
// An answer is a digit for its status, a Link field up to the end of the line, and the body.
#include <algorithm>
#include <cstdint>

#include "base/check.h"
#include "base/executor_testing.h"
#include "base/text.h"
#include "identity/github_api.h"
#include "identity/keepable_name.h"
#include "identity/oauth.h"
#include "identity/oidc.h"

namespace berth::identity {
namespace {

constexpr std::string_view kSecret = "s3cr3t";
constexpr std::string_view kGitHub = "https://api.github.com/";
constexpr std::string_view kDiscovery = "https://id.example/.well-known/openid-configuration";

/// Gives the answers of the input in turn, then 404s.
class ScriptedWeb : public http::Web {
 public:
  explicit ScriptedWeb(std::string_view script) : rest_(script) {}

  Task<Result<http::WebAnswer>> Ask(http::WebQuestion question) override {
    questions.push_back(std::move(question));
    const std::size_t end = rest_.find('\x1e');
    std::string_view piece = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
    http::WebAnswer answer{.status = 404, .fields = {}, .body = {}};
    if (piece.empty()) co_return answer;
    constexpr int kStatuses[] = {0, 401, 200, 403, 404, 500, 429, 302, 204, 400};
    const char digit = piece.front();
    if (digit == '0') co_return Unavailable("away");
    answer.status = digit >= '1' && digit <= '9' ? kStatuses[digit - '0'] : 200;
    piece.remove_prefix(1);
    const std::size_t line = std::min(piece.find('\n'), piece.size());
    if (line > 0) answer.fields.Add("link", piece.substr(0, line));
    answer.body = piece.substr(std::min(line + 1, piece.size()));
    if (questions.size() == 1) first_body = answer.body;
    co_return answer;
  }

  std::vector<http::WebQuestion> questions;
  std::string first_body;

 private:
  std::string_view rest_;
};

/// Whether the question holds the token or a secret.
bool IsConfidential(const http::WebQuestion& question) {
  return question.fields.Has("authorization") || question.body.contains(kSecret);
}

void CheckGitHubPerson(std::string_view script) {
  berth::testing::TestExecutor executor;
  ScriptedWeb web(script);
  GitHubApi api(web, "https://github.com");
  const Secret token(kSecret);
  const auto person = executor.Await(api.ReadPerson(token));
  CHECK(web.questions.size() <= 201);
  for (const auto& question : web.questions) CHECK(question.url.starts_with(kGitHub));
  if (!person) return;
  CHECK(web.questions.size() >= 3);
  CHECK(person->membership.user_id > 0 && IsKeepableName(person->login));
  CHECK(person->name.empty() || IsKeepableName(person->name));
  for (const auto& org : person->membership.orgs) {
    CHECK(org.id > 0 && IsKeepableName(org.login) && org.login == ToLower(org.login));
  }
  for (const auto& team : person->membership.teams) {
    CHECK(team.org_id > 0 && IsKeepableName(team.slug) && IsKeepableName(team.org_login));
  }
}

void CheckGitHubId(std::string_view script) {
  berth::testing::TestExecutor executor;
  ScriptedWeb web(script);
  GitHubApi api(web, "https://github.com");
  const Secret token(kSecret);
  const auto id = executor.Await(api.ReadId("org", "acme", token));
  CHECK(web.questions.size() == 1 && web.questions[0].url == "https://api.github.com/orgs/acme");
  CHECK(!id || *id > 0);
}

void CheckTokens(std::string_view script) {
  berth::testing::TestExecutor executor;
  ScriptedWeb web(script);
  const OAuthClient client{.id = "hub", .secret = Secret(kSecret)};
  const std::string endpoint = "https://id.example/token";
  const auto tokens = executor.Await(
      AskForTokens(web, endpoint, client, ClientProof::kForm, {{"grant_type", "x"}}));
  CHECK(web.questions.size() == 1 && web.questions[0].url == endpoint);
  if (!tokens) {
    CHECK(tokens.error().kind == ErrorKind::kUnauthorized ||
          tokens.error().kind == ErrorKind::kUnavailable);
    return;
  }
  const std::string_view access = tokens->credential.access.Reveal();
  CHECK(!access.empty() && access.find_first_of(" \r\n") == std::string_view::npos);
  // It is put away and taken out again as it is.
  const auto kept = Credential::FromText(tokens->credential.ToText());
  CHECK(kept && kept->access.Reveal() == access);
  CHECK(kept->refresh.Reveal() == tokens->credential.refresh.Reveal());
}

void CheckOidc(std::string_view script, bool has_refresh) {
  berth::testing::TestExecutor executor;
  ScriptedWeb web(script);
  OidcOptions options;
  options.issuer = "https://id.example";
  options.client_id = "hub";
  options.client_secret = Secret(kSecret);
  options.allowed_groups = {"staff"};
  Oidc oidc(executor, web, [] { return WallTime(); }, options);
  store::User user;
  user.subject = "ada";
  Credential credential{.access = Secret("access"), .refresh = {}};
  if (has_refresh) credential.refresh = Secret(kSecret);
  const auto person = executor.Await(oidc.Recheck(user, credential));
  CHECK(web.questions.size() <= 4);
  CHECK(web.questions[0].url == kDiscovery);
  const auto endpoints = ParseOidcEndpoints(web.first_body, options.issuer);
  for (const auto& question : web.questions) {
    if (!IsConfidential(question)) continue;
    CHECK(endpoints && (question.url == endpoints->token || question.url == endpoints->userinfo));
    CHECK(http::ParseWebUrl(question.url).has_value());
  }
  if (!person) return;
  CHECK(person->subject == user.subject);
  const auto groups = person->profile.groups.value_or(std::vector<std::string>());
  for (const std::string& group : groups) {
    CHECK(group.starts_with("oidc:") && IsKeepableName(group.substr(5)));
  }
  const bool is_staff = std::ranges::count(groups, "oidc:staff") > 0;
  CHECK(person->is_admitted == is_staff);
}

}  // namespace
}  // namespace berth::identity

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth::identity;  // NOLINT
  if (size < 2 || size > 40'000) return 0;
  const std::string_view script(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'g':
      CheckGitHubPerson(script);
      break;
    case 'i':
      CheckGitHubId(script);
      break;
    case 't':
      CheckTokens(script);
      break;
    case 'u':
      CheckOidc(script, /*has_refresh=*/false);
      break;
    case 'r':
      CheckOidc(script, /*has_refresh=*/true);
      break;
    default:
      break;
  }
  return 0;
}
