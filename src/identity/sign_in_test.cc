// Sign-in with a provider from its beginning to its end. More of it, over the network:
// tests/e2e/sign_in.test.mjs.
#include "identity/sign_in.h"

#include <gtest/gtest.h>

#include "http/query.h"
#include "identity/fixture_testing.h"
#include "identity/web_testing.h"
#include "store/audit.h"

namespace berth::identity {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;

struct SignInTest : testing::IdentityFixture {
  Identity identity{context()};
  testing::FakeWeb web;
  SignInOptions options;
  std::unique_ptr<SignIn> sign_in;

  SignInTest() {
    EXPECT_THAT(executor.Await(identity.Load()), IsOk());
    const std::string api = "https://api.github.com/user";
    web.Answer("https://github.com/login/oauth/access_token", 200, R"({"access_token":"t"})");
    web.Answer(api, 200, R"({"id":7,"login":"octocat"})");
    web.Answer(api + "/memberships/orgs?state=active&per_page=100", 200, "[]");
    web.Answer(api + "/teams?per_page=100", 200, "[]");
  }

  /// The hub starts with this GitHub, where that user may sign in.
  Result<void> Start(std::string url, std::string allowed_user) {
    sign_in.reset();
    options.github = {
        .url = std::move(url), .client_id = "hub", .allowed_users = {std::move(allowed_user)}};
    sign_in = SignIn::Create(context(), identity, &web, options, "https://hub.example").value();
    return executor.Await(sign_in->Load());
  }
  /// Who comes back from there.
  PersonPtr SignInWithGitHub() {
    auto begun = executor.Await(sign_in->Begin("github", "/")).value();
    const std::string_view query =
        std::string_view(begun.location).substr(begun.location.find('?') + 1);
    auto end = executor.Await(
        sign_in->Finish("github", {.state = http::QueryParameter(query, "state").value_or(""),
                                   .browser = std::string(begun.browser.Reveal()),
                                   .code = "code",
                                   .address = "192.0.2.7"}));
    EXPECT_THAT(end, IsOk());
    return end ? end->person.value() : nullptr;
  }
};

TEST_F(SignInTest, WhoIsNoLongerOnTheListIsRemovedWhenTheyComeBack) {
  ASSERT_THAT(Start("https://github.com", "7"), IsOk());
  const PersonPtr person = SignInWithGitHub();
  ASSERT_TRUE(person);
  const auto session = executor.Await(identity.sessions().Create({.user_id = person->id}))->session;
  ASSERT_THAT(Start("https://github.com", "8"), IsOk());
  EXPECT_FALSE(SignInWithGitHub());
  EXPECT_TRUE(identity.people().Find(person->id)->is_removed);
  EXPECT_TRUE(session->ended.is_set());
}

TEST_F(SignInTest, WhatIsRefusedAgainAndAgainIsInTheAuditLogOnceAMinute) {
  ASSERT_THAT(Start("https://github.com", "8"), IsOk());
  const auto written = [this] {
    executor.Await(identity.audit().Flush());
    return store::ListAudit(*other, 0, 100).value().rows.size();
  };
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(SignInWithGitHub());
  EXPECT_EQ(written(), 1U);
  web.Answer("https://api.github.com/user", 200, R"({"id":9,"login":"another"})");
  EXPECT_FALSE(SignInWithGitHub());
  EXPECT_EQ(written(), 2U) << "somebody else of the same address";
  Pass(std::chrono::minutes(1));
  EXPECT_FALSE(SignInWithGitHub());
  EXPECT_EQ(written(), 3U);
}

TEST_F(SignInTest, PeopleOfOneGitHubAreNotThoseOfAnother) {
  ASSERT_THAT(Start("https://elsewhere.example", "7"), IsOk()) << "nobody is known yet";
  ASSERT_THAT(Start("https://github.com", "7"), IsOk());
  ASSERT_TRUE(SignInWithGitHub());
  EXPECT_THAT(Start("https://elsewhere.example", "7"), FailsWith(ErrorKind::kConflict));
  EXPECT_THAT(Start("https://github.com", "7"), IsOk());
}

}  // namespace
}  // namespace berth::identity
