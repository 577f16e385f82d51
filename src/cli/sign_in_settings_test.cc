// The options of `berth hub` that say how people sign in.
#include <gmock/gmock.h>

#include "cli/options_testing.h"

namespace berth::cli {
namespace {

using ::berth::testing::FailsWith;
using ::berth::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SignInSettingsTest : public testing::OptionsTest {};

TEST_F(SignInSettingsTest, SignInComesFromFileFlagsAndThePlainVariables) {
  std::ofstream(folder.path() / "secret") << "from-file\n";
  variables = {{"GITHUB_CLIENT_ID", "id"},
               {"GITHUB_CLIENT_SECRET", "from-environment"},
               {"ALLOWED_USERS", "octocat, 583231"},
               {"ALLOWED_TEAMS", "acme/web"}};
  file =
      "allowed_users = ['ignored']\nallowed_orgs = ['acme', 17]\noidc_issuer = "
      "'https://id.example/r/'\noidc_client_id = 'berth'\n";
  auto options = Hub({"--allowed-teams", "a/b", "--allowed-teams", "c/d"});
  ASSERT_THAT(options, IsOk());
  const identity::GitHubOptions& github = options->sign_in.github;
  EXPECT_EQ(github.client_id, "id");
  EXPECT_EQ(github.client_secret.Reveal(), "from-environment");
  EXPECT_THAT(github.allowed_users, ElementsAre("octocat", "583231"));
  EXPECT_THAT(github.allowed_orgs, ElementsAre("acme", "17"));
  EXPECT_THAT(github.allowed_teams, ElementsAre("a/b", "c/d"));
  EXPECT_EQ(options->sign_in.oidc.issuer, "https://id.example/r/");
  EXPECT_THAT(CheckSignIn(options->sign_in), IsOk());

  variables = {{"GITHUB_CLIENT_ID_FILE", (folder.path() / "secret").string()},
               {"GITHUB_CLIENT_SECRET_FILE", (folder.path() / "secret").string()}};
  options = Hub();
  ASSERT_THAT(options, IsOk());
  EXPECT_EQ(options->sign_in.github.client_id, "from-file");
  EXPECT_EQ(options->sign_in.github.client_secret.Reveal(), "from-file");
}

TEST_F(SignInSettingsTest, CommasSeparateInTheEnvironmentAndHoldNamesTogetherElsewhere) {
  file =
      "oidc_allowed_groups = ['Engineering, Berlin', 'ops']\noidc_allowed_users = 'uid=1,ou=x'\n";
  auto options = Hub();
  ASSERT_THAT(options, IsOk());
  EXPECT_THAT(options->sign_in.oidc.allowed_groups, ElementsAre("Engineering, Berlin", "ops"));
  EXPECT_THAT(options->sign_in.oidc.allowed_users, ElementsAre("uid=1,ou=x"));
  variables["BERTH_OIDC_ALLOWED_GROUPS"] = "eng, ops";
  EXPECT_THAT(Hub()->sign_in.oidc.allowed_groups, ElementsAre("eng", "ops"));
  options = Hub({"--oidc-allowed-groups", "a, b", "--oidc-allowed-groups", "c"});
  ASSERT_THAT(options, IsOk());
  EXPECT_THAT(options->sign_in.oidc.allowed_groups, ElementsAre("a, b", "c"));
  for (const char* text : {"", " "}) {
    EXPECT_THAT(Hub({"--oidc-allowed-groups", text}), FailsWith(ErrorKind::kInvalid)) << text;
  }
  variables["BERTH_OIDC_ALLOWED_GROUPS"] = " , ";
  EXPECT_THAT(Hub(), FailsWith(ErrorKind::kInvalid));
  variables.clear();

  // Names at GitHub hold none: there a comma always separates.
  file = "allowed_users = 'octocat, 583231'\n";
  EXPECT_THAT(Hub()->sign_in.github.allowed_users, ElementsAre("octocat", "583231"));
  EXPECT_THAT(Hub({"--allowed-orgs", "a,b"})->sign_in.github.allowed_orgs, ElementsAre("a", "b"));
  file = "github_users = ['ada, 99', 'bob']\n";
  EXPECT_THAT(Agent()->allowed_users, ElementsAre("ada", "99", "bob"));
}

TEST_F(SignInSettingsTest, SignInRefusesWhatCannotBe) {
  for (const char* url : {"http://github.example", "ftp://x", "https://x/y", "github.com"}) {
    EXPECT_THAT(Hub({"--github-url", url}), FailsWith(ErrorKind::kInvalid)) << url;
  }
  EXPECT_THAT(Hub({"--github-url", "http://127.0.0.1:9"}), IsOk());
  EXPECT_THAT(Hub({"--oidc-issuer", "http://id.example/r"}), FailsWith(ErrorKind::kInvalid));
  file = "github_client_secret = 'in the open'\n";
  EXPECT_THAT(Hub(), FailsWith(ErrorKind::kInvalid));
  file = "";
  auto half = Hub({"--github-client-id", "id"});
  ASSERT_THAT(half, IsOk());
  EXPECT_THAT(CheckSignIn(half->sign_in), FailsWith(ErrorKind::kInvalid));
}

TEST_F(SignInSettingsTest, AListThatCannotBeReadIsRefusedWithoutItsProviderToo) {
  for (const char* wrong : {"allowed_users = ['a b']", "allowed_orgs = ['a/b']",
                            "allowed_teams = ['acme']", "allowed_teams = ['/web']"}) {
    file = wrong;
    auto options = Hub();
    ASSERT_THAT(options, IsOk()) << wrong;
    EXPECT_THAT(CheckSignIn(options->sign_in), FailsWith(ErrorKind::kInvalid)) << wrong;
  }
}

TEST_F(SignInSettingsTest, WhatLetsNobodyInIsSaid) {
  const auto warnings = [](std::string github, std::vector<std::string> teams, std::string issuer,
                           std::vector<std::string> groups) {
    identity::SignInOptions options;
    options.github.client_id = std::move(github);
    options.github.allowed_teams = std::move(teams);
    options.oidc.issuer = std::move(issuer);
    options.oidc.allowed_groups = std::move(groups);
    return SignInWarnings(options);
  };
  const std::vector<std::string> teams{"acme/web"};
  const std::vector<std::string> groups{"staff"};
  EXPECT_THAT(warnings("", {}, "", {}), ElementsAre());
  EXPECT_THAT(warnings("id", teams, "https://id", groups), ElementsAre());
  EXPECT_THAT(warnings("", teams, "", groups),
              ElementsAre(HasSubstr("github-client-id"), HasSubstr("oidc-issuer")));
  EXPECT_THAT(warnings("id", {}, "https://id", {}),
              ElementsAre(HasSubstr("or allowed-teams"), HasSubstr("or oidc-allowed-groups")));
}

}  // namespace
}  // namespace berth::cli
