#include "identity/github_api.h"

#include <algorithm>
#include <boost/json/value.hpp>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "identity/keepable_name.h"

namespace berth::identity {
namespace {

/// Of 100 entries each.
constexpr int kMaxPages = 100;

/// An answer that is about the moment, not about the token.
bool IsRateLimit(const http::WebAnswer& answer) {
  return answer.status == 429 || answer.fields.Has("retry-after") ||
         answer.fields.Find("x-ratelimit-remaining") == "0" ||
         answer.body.find("rate limit") != std::string::npos;
}

/// A login and an id out of an object that has both.
struct Named {
  std::int64_t id = 0;
  std::string login = {};
};
std::optional<Named> NamedOf(const boost::json::object* object) {
  if (object == nullptr) return std::nullopt;
  const auto id = IntegerMember(*object, "id");
  const std::string_view login = StringMember(*object, "login");
  if (!id || *id <= 0 || !IsKeepableName(login)) return std::nullopt;
  return Named{.id = *id, .login = std::string(login)};
}

Result<void> AddOrgs(const boost::json::array& entries, GitHubMembership& membership) {
  for (const auto& entry : entries) {
    const auto* object = entry.if_object();
    if (object == nullptr) return Unavailable("an org that is no object");
    if (StringMember(*object, "state") != "active") continue;
    const auto org = NamedOf(ObjectMember(*object, "organization"));
    if (!org) return Unavailable("an org without id or login");
    membership.orgs.push_back({.id = org->id, .login = ToLower(org->login)});
  }
  return Ok();
}

Result<void> AddTeams(const boost::json::array& entries, GitHubMembership& membership) {
  for (const auto& entry : entries) {
    const auto* object = entry.if_object();
    if (object == nullptr) return Unavailable("a team that is no object");
    const auto org = NamedOf(ObjectMember(*object, "organization"));
    const std::string_view slug = StringMember(*object, "slug");
    if (!org || !IsKeepableName(slug)) return Unavailable("a team without org or slug");
    membership.teams.push_back(
        {.org_id = org->id, .org_login = ToLower(org->login), .slug = ToLower(slug)});
  }
  return Ok();
}

std::string ApiBase(std::string_view url) {
  if (url == "https://github.com") return "https://api.github.com";
  return fmt::format("{}/api/v3", url);
}

}  // namespace

std::string NextPage(const http::Fields& fields) {
  for (const auto [name, value] : fields) {
    if (name != "link") continue;
    std::string_view rest = value;
    for (;;) {
      const std::size_t open = rest.find('<');
      const std::size_t close = rest.find('>', std::min(open, rest.size()));
      if (open == std::string_view::npos || close == std::string_view::npos) break;
      const std::string_view target = rest.substr(open + 1, close - open - 1);
      rest.remove_prefix(close + 1);
      const std::string_view parameters = rest.substr(0, rest.find('<'));
      if (parameters.find("rel=\"next\"") != std::string_view::npos ||
          parameters.find("rel=next") != std::string_view::npos) {
        return std::string(target);
      }
    }
  }
  return {};
}

GitHubApi::GitHubApi(http::Web& web, std::string_view url) : web_(web), base_(ApiBase(url)) {}

Task<Result<http::WebAnswer>> GitHubApi::Get(std::string url, const Secret& token) {
  http::WebQuestion question;
  question.url = std::move(url);
  question.fields.Add("accept", "application/vnd.github+json");
  question.fields.Add("authorization", fmt::format("Bearer {}", token.Reveal()));
  auto answer = co_await web_.Ask(std::move(question));
  if (!answer) co_return Unavailable(answer.error().message);
  if (answer->status == 401) co_return Unauthorized("GitHub refuses the token");
  if (answer->status == 403 && !IsRateLimit(*answer)) {
    auto object = ParseJsonObject(answer->body);
    co_return Unauthorized(fmt::format(
        "GitHub refuses: {}", object ? ForLog(StringMember(*object, "message")) : "status 403"));
  }
  if (answer->status == 404) co_return NotFound("GitHub knows nothing of that");
  if (answer->status != 200) {
    co_return Unavailable(fmt::format("GitHub answers with status {}", answer->status));
  }
  co_return answer;
}

Task<Result<boost::json::array>> GitHubApi::GetAll(std::string path, const Secret& token) {
  boost::json::array all;
  std::string url = base_ + path;
  for (int page = 0; page < kMaxPages; ++page) {
    auto answer = co_await Get(url, token);
    if (!answer) co_return std::move(answer).error();
    auto value = ParseJson(answer->body);
    if (!value || !value->is_array()) co_return Unavailable("GitHub's answer is no list");
    for (auto& entry : value->get_array()) all.push_back(std::move(entry));
    url = NextPage(answer->fields);
    if (url.empty()) co_return all;
    // The token goes to GitHub's API and to nobody else.
    if (!url.starts_with(base_ + "/")) {
      co_return Unavailable(fmt::format("the next page is elsewhere: {}", ForLog(url)));
    }
  }
  co_return Unavailable(fmt::format("more than {} pages of {}", kMaxPages, path));
}

Task<Result<GitHubPerson>> GitHubApi::ReadPerson(const Secret& token) {
  auto answer = co_await Get(base_ + "/user", token);
  if (!answer) co_return std::move(answer).error();
  auto user = ParseJsonObject(answer->body);
  if (!user) co_return Unavailable("GitHub's answer is no object");
  const auto named = NamedOf(&*user);
  if (!named) co_return Unavailable("GitHub's answer has no id or login");
  GitHubPerson person;
  person.login = named->login;
  person.name = StringMember(*user, "name");
  if (!IsKeepableName(person.name)) person.name.clear();
  person.avatar_url = StringMember(*user, "avatar_url");
  person.membership.user_id = named->id;
  auto orgs = co_await GetAll("/user/memberships/orgs?state=active&per_page=100", token);
  if (!orgs) co_return Wrap(std::move(orgs).error(), "read orgs");
  auto added = AddOrgs(*orgs, person.membership);
  if (!added) co_return std::move(added).error();
  auto teams = co_await GetAll("/user/teams?per_page=100", token);
  if (!teams) co_return Wrap(std::move(teams).error(), "read teams");
  added = AddTeams(*teams, person.membership);
  if (!added) co_return std::move(added).error();
  co_return person;
}

Task<Result<std::int64_t>> GitHubApi::ReadId(std::string kind, std::string login,
                                             const Secret& token) {
  const std::string url = fmt::format("{}/{}s/{}", base_, kind, login);
  auto answer = co_await Get(url, token);
  if (!answer) co_return std::move(answer).error();
  auto object = ParseJsonObject(answer->body);
  if (!object) co_return Unavailable("GitHub's answer is no object");
  const auto named = NamedOf(&*object);
  if (!named) co_return Unavailable("GitHub's answer has no id or login");
  co_return named->id;
}

}  // namespace berth::identity
