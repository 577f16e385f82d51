// What GitHub is asked, page by page, and what is made of strange answers.
#include "identity/github_api.h"

#include <gmock/gmock.h>

#include "base/executor_testing.h"
#include "base/result_testing.h"
#include "identity/web_testing.h"

namespace berth::identity {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr const char* kOrgs =
    "https://api.github.com/user/memberships/orgs?state=active&per_page=100";
constexpr const char* kTeams = "https://api.github.com/user/teams?per_page=100";

struct GitHubApiTest : ::testing::Test {
  berth::testing::TestExecutor executor;
  testing::FakeWeb web;
  GitHubApi api{web, "https://github.com"};
  Secret token{"t"};

  GitHubApiTest() {
    web.Answer("https://api.github.com/user", 200, R"({"id":7,"login":"Octo","name":null})");
    web.Answer(kOrgs, 200, "[]");
    web.Answer(kTeams, 200, "[]");
  }
  Result<GitHubPerson> Read() { return executor.Await(api.ReadPerson(token)); }
};

TEST_F(GitHubApiTest, ReadsAllPages) {
  web.Answer(kOrgs, 200, R"([{"state":"active","organization":{"id":1,"login":"Acme"}}])",
             {{"link",
               "<https://api.github.com/p2?x=1,2>; rel=\"next\", "
               "<https://api.github.com/p9>; rel=\"last\""}});
  web.Answer("https://api.github.com/p2?x=1,2", 200,
             R"([{"state":"pending","organization":{"id":2,"login":"b"}},)"
             R"({"state":"active","organization":{"id":3,"login":"c"}}])",
             {{"link", "<https://api.github.com/p1>; rel=\"prev\""}});
  web.Answer(kTeams, 200, R"([{"id":5,"slug":"Web","organization":{"id":1,"login":"Acme"}}])");
  const auto person = Read();
  ASSERT_THAT(person, IsOk());
  EXPECT_EQ(person->login, "Octo");
  EXPECT_EQ(person->membership.user_id, 7);
  ASSERT_THAT(person->membership.orgs, SizeIs(2));
  EXPECT_EQ(person->membership.orgs[0].login, "acme");
  EXPECT_EQ(person->membership.orgs[1].id, 3);
  ASSERT_THAT(person->membership.teams, SizeIs(1));
  EXPECT_EQ(person->membership.teams[0].slug, "web");
  for (const auto& question : web.questions) {
    EXPECT_EQ(question.fields.Find("authorization"), "Bearer t");
  }
}

TEST_F(GitHubApiTest, TheTokenGoesNowhereElse) {
  for (const char* next : {"https://evil.test/p2", "https://api.github.com.evil.test/p2",
                           "https://api.github.com:444/p2", "http://api.github.com/p2"}) {
    web.Answer(kOrgs, 200, "[]", {{"link", fmt::format("<{}>; rel=\"next\"", next)}});
    EXPECT_THAT(Read(), FailsWith(ErrorKind::kUnavailable)) << next;
  }
}

TEST_F(GitHubApiTest, PagesAreBounded) {
  web.Answer(kTeams, 200, "[]", {{"link", fmt::format("<{}>; rel=\"next\"", kTeams)}});
  EXPECT_THAT(Read(), FailsWith(ErrorKind::kUnavailable));
  EXPECT_LT(web.questions.size(), 200u);
}

TEST_F(GitHubApiTest, TellsARefusalFromAnAbsence) {
  const auto expect = [&](int status, std::string body, testing::Headers headers, ErrorKind kind) {
    web.Answer(kTeams, status, body, headers);
    EXPECT_THAT(Read(), FailsWith(kind)) << status << body;
  };
  expect(401, "{}", {}, ErrorKind::kUnauthorized);
  expect(403, R"({"message":"Sorry. Your account was suspended."})", {}, ErrorKind::kUnauthorized);
  expect(403, "{}", {{"x-ratelimit-remaining", "0"}}, ErrorKind::kUnavailable);
  expect(403, "{}", {{"retry-after", "60"}}, ErrorKind::kUnavailable);
  expect(403, R"({"message":"You have exceeded a secondary rate limit."})", {},
         ErrorKind::kUnavailable);
  expect(429, "", {}, ErrorKind::kUnavailable);
  expect(500, "", {}, ErrorKind::kUnavailable);
  expect(302, "", {{"location", "/elsewhere"}}, ErrorKind::kUnavailable);
  for (const char* body : {"", "<html>", "{}", "[1]", R"([{"slug":"x"}])",
                           R"([{"slug":"x\n","organization":{"id":1,"login":"a"}}])",
                           R"([{"slug":"x","organization":{"id":"1","login":"a"}}])"}) {
    expect(200, body, {}, ErrorKind::kUnavailable);
  }
}

TEST_F(GitHubApiTest, EnterpriseServersHaveTheirApiBelowThem) {
  EXPECT_EQ(api.base(), "https://api.github.com");
  EXPECT_EQ(GitHubApi(web, "https://ghe.example").base(), "https://ghe.example/api/v3");
}

}  // namespace
}  // namespace berth::identity
