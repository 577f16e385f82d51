#include "identity/github.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"

namespace berth::identity {
namespace {

/// Names to ask for after one sign-in.
constexpr std::size_t kMaxLearned = 100;

/// The lower-case login, or kInvalid.
Result<std::string> Login(std::string_view text) {
  const auto is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  std::string login = ToLower(text);
  if (login.empty() || login.size() > 100 || !std::ranges::all_of(login, is_part)) {
    return Invalid(fmt::format("\"{}\" is neither a GitHub login nor a number", ForLog(text)));
  }
  return login;
}

/// Puts entries into the set of numbers or into the set of names.
Result<void> Sort(const std::vector<std::string>& entries, std::set<std::int64_t>& ids,
                  std::set<std::string>& names) {
  for (const std::string& entry : entries) {
    if (const auto id = ParseNumericId(entry)) {
      ids.insert(*id);
      continue;
    }
    auto login = Login(entry);
    if (!login) return std::move(login).error();
    names.insert(std::move(*login));
  }
  return Ok();
}

void SetGroups(store::UserProfile& profile, const GitHubMembership& membership) {
  auto& groups = profile.groups.emplace();
  for (const auto& org : membership.orgs) {
    groups.push_back(org.login);
    profile.group_ids.push_back(std::to_string(org.id));
  }
  for (const auto& team : membership.teams) {
    groups.push_back(fmt::format("{}/{}", team.org_login, team.slug));
    profile.group_ids.push_back(fmt::format("{}/{}", team.org_id, team.slug));
  }
}

}  // namespace

Result<GitHubTeam> ParseGitHubTeam(std::string_view entry) {
  const std::size_t slash = std::min(entry.find('/'), entry.size());
  auto org = Login(entry.substr(0, slash));
  auto slug = Login(entry.substr(std::min(slash + 1, entry.size())));
  if (!org || !slug) {
    return Invalid(fmt::format("\"{}\" is no team; write org/team-slug", ForLog(entry)));
  }
  return GitHubTeam{.org = std::move(*org), .slug = std::move(*slug)};
}

Result<GitHub::Lists> GitHub::Read(const GitHubOptions& options) {
  Lists lists;
  auto sorted = Sort(options.allowed_users, lists.user_ids, lists.user_names);
  if (!sorted) return Wrap(std::move(sorted).error(), "allowed-users");
  sorted = Sort(options.allowed_orgs, lists.org_ids, lists.org_names);
  if (!sorted) return Wrap(std::move(sorted).error(), "allowed-orgs");
  for (const std::string& entry : options.allowed_teams) {
    auto team = ParseGitHubTeam(entry);
    if (!team) return Wrap(std::move(team).error(), "allowed-teams");
    lists.teams.push_back(std::move(*team));
  }
  return lists;
}

Result<void> GitHub::CheckLists(const GitHubOptions& options) {
  auto lists = Read(options);
  if (!lists) return std::move(lists).error();
  return Ok();
}

Result<std::unique_ptr<GitHub>> GitHub::Create(Executor& executor, http::Web& web,
                                               store::Store& store, const GitHubOptions& options) {
  auto lists = Read(options);
  if (!lists) return std::move(lists).error();
  return std::unique_ptr<GitHub>(new GitHub(executor, web, store, options, std::move(*lists)));
}

GitHub::GitHub(Executor& executor, http::Web& web, store::Store& store,
               const GitHubOptions& options, Lists lists)
    : web_(web),
      options_(options),
      client_{.id = options.client_id, .secret = options.client_secret.Copy()},
      api_(web, options.url),
      names_(store, options.url),
      lists_(std::move(lists)),
      learning_(executor) {}

std::string GitHub::label() const {
  return options_.url == "https://github.com" ? "GitHub" : "GitHub Enterprise";
}

Task<Result<void>> GitHub::Load() {
  std::vector<std::string> orgs(lists_.org_names.begin(), lists_.org_names.end());
  for (const GitHubTeam& team : lists_.teams) {
    if (!ParseNumericId(team.org)) orgs.push_back(team.org);
  }
  auto loaded = co_await names_.Load(
      "user", std::vector<std::string>(lists_.user_names.begin(), lists_.user_names.end()));
  if (!loaded) co_return loaded;
  co_return co_await names_.Load("org", std::move(orgs));
}

Task<Result<std::string>> GitHub::AuthorizeUrl(AuthorizeRequest request) {
  const FormParameters parameters = {{"client_id", client_.id},
                                     {"redirect_uri", request.redirect_uri},
                                     {"scope", "read:org"},
                                     {"state", request.state},
                                     {"code_challenge", request.challenge},
                                     {"code_challenge_method", "S256"},
                                     {"allow_signup", "false"}};
  co_return fmt::format("{}/login/oauth/authorize?{}", options_.url, ToForm(parameters));
}

Task<Result<TokenAnswer>> GitHub::AskForTokens(FormParameters parameters) {
  co_return co_await identity::AskForTokens(web_, options_.url + "/login/oauth/access_token",
                                            client_, ClientProof::kForm, std::move(parameters));
}

Task<Result<VerifiedPerson>> GitHub::Redeem(CodeRequest request, Credential& credential) {
  FormParameters parameters = {{"code", request.code},
                               {"redirect_uri", request.redirect_uri},
                               {"code_verifier", std::string(request.verifier.Reveal())}};
  auto tokens = co_await AskForTokens(std::move(parameters));
  if (!tokens) co_return std::move(tokens).error();
  credential = std::move(tokens->credential);
  auto person = co_await Verify(credential.access);
  // A new token that GitHub itself refuses says nothing about the person.
  if (!person && person.error().kind == ErrorKind::kUnauthorized) {
    co_return Unavailable(person.error().message);
  }
  if (person) learning_.Spawn("names of allow-lists", LearnOthers(credential.access.Copy()));
  co_return person;
}

Task<Result<VerifiedPerson>> GitHub::Recheck(store::User, Credential& credential) {
  auto person = co_await Verify(credential.access);
  const bool is_refused = !person && person.error().kind == ErrorKind::kUnauthorized;
  if (!is_refused || credential.refresh.empty()) co_return person;
  FormParameters parameters = {{"grant_type", "refresh_token"},
                               {"refresh_token", std::string(credential.refresh.Reveal())}};
  auto tokens = co_await AskForTokens(std::move(parameters));
  if (!tokens) co_return std::move(tokens).error();
  credential = std::move(tokens->credential);
  co_return co_await Verify(credential.access);
}

Task<Result<VerifiedPerson>> GitHub::Verify(const Secret& access) {
  auto person = co_await api_.ReadPerson(access);
  if (!person) {
    // Nobody is "not found" about themselves.
    if (person.error().kind == ErrorKind::kNotFound) co_return Unavailable(person.error().message);
    co_return std::move(person).error();
  }
  auto learned = co_await LearnFrom(*person);
  if (!learned) co_return Internal(learned.error().ToString());  // GitHub has done its part.
  VerifiedPerson verified;
  verified.subject = std::to_string(person->membership.user_id);
  verified.profile.login = person->login;
  verified.profile.name = person->name.empty() ? person->login : person->name;
  verified.profile.avatar_url = person->avatar_url;
  SetGroups(verified.profile, person->membership);
  verified.is_admitted = CurrentPolicy().Admits(person->membership);
  co_return verified;
}

Task<Result<void>> GitHub::LearnFrom(const GitHubPerson& person) {
  const std::string login = ToLower(person.login);
  if (lists_.user_names.contains(login) && !names_.Find("user", login)) {
    auto learned = co_await names_.Learn("user", login, person.membership.user_id);
    if (!learned) co_return std::move(learned).error();
  }
  for (const auto& org : person.membership.orgs) {
    const bool is_listed =
        lists_.org_names.contains(org.login) ||
        std::ranges::find(lists_.teams, org.login, &GitHubTeam::org) != lists_.teams.end();
    if (!is_listed || names_.Find("org", org.login)) continue;
    auto learned = co_await names_.Learn("org", org.login, org.id);
    if (!learned) co_return std::move(learned).error();
  }
  co_return Ok();
}

Task<void> GitHub::LearnOthers(Secret access) {
  std::vector<std::pair<std::string, std::string>> unknown;
  for (const std::string& name : lists_.user_names) unknown.emplace_back("user", name);
  for (const std::string& name : lists_.org_names) unknown.emplace_back("org", name);
  for (const GitHubTeam& team : lists_.teams) {
    if (!ParseNumericId(team.org)) unknown.emplace_back("org", team.org);
  }
  std::erase_if(unknown, [this](const auto& entry) {
    return asked_.contains(entry) || names_.Find(entry.first, entry.second);
  });
  if (unknown.size() > kMaxLearned) unknown.resize(kMaxLearned);
  for (const auto& [kind, name] : unknown) {
    asked_.emplace(kind, name);
    auto id = co_await api_.ReadId(kind, name, access);
    if (!id) {
      const bool is_final = id.error().kind == ErrorKind::kNotFound;
      if (!is_final) asked_.erase({kind, name});
      LogWarn("allow-list: the id of {} \"{}\" is not known: {}", kind, name,
              id.error().ToString());
      if (!is_final) co_return;
      continue;
    }
    auto learned = co_await names_.Learn(kind, name, *id);
    if (!learned) co_return LogWarn("allow-list: {}", learned.error().ToString());
  }
}

GitHubPolicy GitHub::CurrentPolicy() const {
  GitHubPolicy policy{.users = lists_.user_ids, .orgs = lists_.org_ids, .teams = {}};
  for (const std::string& name : lists_.user_names) {
    if (const auto id = names_.Find("user", name)) policy.users.insert(*id);
  }
  for (const std::string& name : lists_.org_names) {
    if (const auto id = names_.Find("org", name)) policy.orgs.insert(*id);
  }
  for (const GitHubTeam& team : lists_.teams) {
    auto id = ParseNumericId(team.org);
    if (!id) id = names_.Find("org", team.org);
    if (id) policy.teams.emplace(*id, team.slug);
  }
  return policy;
}

}  // namespace berth::identity
