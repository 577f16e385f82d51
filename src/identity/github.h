// GitHub as a sign-in provider: github.com or a GitHub Enterprise Server.
//
// Somebody is admitted if their id, an org that they are an active member of or a team of theirs is
// on a list. Lists name people and orgs by login or number; a login is turned into its number the
// first time that GitHub tells it, and means that number from then on.
#pragma once

#include <set>

#include "base/task_group.h"
#include "identity/github_api.h"
#include "identity/name_book.h"
#include "identity/sign_in_options.h"
#include "identity/sign_in_provider.h"
#include "store/store.h"

namespace berth::identity {

/// A team as lists name it.
struct GitHubTeam {
  std::string org;  ///< A login, in lower case, or a number.
  std::string slug;
};

/// "org/team-slug" or "NUMBER/team-slug". kInvalid: neither.
Result<GitHubTeam> ParseGitHubTeam(std::string_view entry);

class GitHub : public SignInProvider {
 public:
  /// kInvalid: an entry of a list that cannot be one. Everything handed in must outlive the object.
  static Result<std::unique_ptr<GitHub>> Create(Executor& executor, http::Web& web,
                                                store::Store& store, const GitHubOptions& options);

  /// kInvalid, as Create() says it: for lists that nobody uses yet.
  static Result<void> CheckLists(const GitHubOptions& options);

  std::string_view name() const override { return "github"; }
  std::string label() const override;
  std::string home() const override { return options_.url; }
  Task<Result<void>> Load() override;
  Task<Result<std::string>> AuthorizeUrl(AuthorizeRequest request) override;
  Task<Result<VerifiedPerson>> Redeem(CodeRequest request, Credential& credential) override;
  Task<Result<VerifiedPerson>> Recheck(store::User person, Credential& credential) override;

 private:
  struct Lists {
    std::set<std::int64_t> user_ids{};   ///< Given as numbers.
    std::set<std::int64_t> org_ids{};    ///< Given as numbers, for whole orgs.
    std::set<std::string> user_names{};  ///< Given as logins; lower case.
    std::set<std::string> org_names{};   ///< Given as logins; lower case; for whole orgs.
    std::vector<GitHubTeam> teams{};
  };
  static Result<Lists> Read(const GitHubOptions& options);
  GitHub(Executor& executor, http::Web& web, store::Store& store, const GitHubOptions& options,
         Lists lists);

  Task<Result<VerifiedPerson>> Verify(const Secret& access);
  /// Keeps the ids of names on the lists that this person has just shown.
  Task<Result<void>> LearnFrom(const GitHubPerson& person);
  /// Asks for the names that nobody has shown yet.
  Task<void> LearnOthers(Secret access);
  GitHubPolicy CurrentPolicy() const;
  Task<Result<TokenAnswer>> AskForTokens(FormParameters parameters);

  http::Web& web_;
  const GitHubOptions& options_;
  const OAuthClient client_;
  GitHubApi api_;
  NameBook names_;
  const Lists lists_;
  std::set<std::pair<std::string, std::string>> asked_;  ///< Names asked for, found or not.
  TaskGroup learning_;
};

}  // namespace berth::identity
