// What an API token opens. More of it, over the network: tests/e2e/accounts.test.mjs.
#include "hub/api.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "hub/hub_testing.h"
#include "identity/session_cookie.h"

namespace berth::hub {
namespace {

using ::berth::testing::IsOk;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct ApiTest : testing::HubFixture {
  http::ResponseHead Ask(std::string method, std::string target, std::string_view token) {
    http::Request request = http::testing::MakeRequest(std::move(target));
    request.head.method = std::move(method);
    request.head.fields.Add("authorization", fmt::format("Bearer {}", token));
    request.peer.address = "192.0.2.7";
    return executor.Await(HandleApi(hub, std::move(request))).value().head;
  }

  /// What is answered, as text.
  std::string Post(std::string target, std::string body, std::string_view token = "") {
    return Say(http::testing::MakeRequest(std::move(target),
                                          std::make_unique<http::TextBody>(std::move(body))),
               token);
  }
  std::string Get(std::string target, std::string_view token) {
    return Say(http::testing::MakeRequest(std::move(target)), token);
  }
  std::string Say(http::Request request, std::string_view token) {
    if (!token.empty()) request.head.fields.Add("authorization", fmt::format("Bearer {}", token));
    request.peer.address = "192.0.2.7";
    auto response = executor.Await(HandleApi(hub, std::move(request)));
    return executor.Await(http::ReadAll(response->body.get(), 100'000)).value();
  }
};

TEST_F(ApiTest, WhatATokenMayNotDoIsInTheAuditLog) {
  const auto token = executor.Await(identity.api_tokens().Create(
      {.user_id = owner, .name = "script", .scopes = {identity::Scope::kInstancesRead}}));
  const std::string_view text = token->text.Reveal();
  const auto answer = Ask("GET", "/clients", text);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.fields.Find("cache-control"), "no-store");
  EXPECT_EQ(Ask("GET", "/api/api-tokens", text).status, 403);
  Pass(std::chrono::minutes(1));
  EXPECT_EQ(Ask("GET", "/api/audit", text).status, 403);
  EXPECT_THAT(Audited(), ElementsAre("access denied : GET /api/api-tokens with an API token",
                                     "access denied : an API token without audit:read"));
}

TEST_F(ApiTest, AUsersTokensChangeSoMuchTogether) {
  const auto make = [this] {
    return executor
        .Await(identity.api_tokens().Create(
            {.user_id = owner, .name = "script", .scopes = {identity::Scope::kInstancesWrite}}))
        .value();
  };
  const auto one = make();
  const auto other_one = make();
  const auto remove = [this](const auto& token) {
    return Ask("DELETE", "/api/clients/none", token.text.Reveal());
  };
  for (int i = 0; i < ChangeRate::kRate.burst; ++i) ASSERT_EQ(remove(one).status, 404) << i;
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(remove(one).status, 429);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr(fmt::format("user {}: too many changes from 192.0.2.7", owner)));
  const auto refused = remove(other_one);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.fields.Find("retry-after"), "1");
  Pass(std::chrono::seconds(1));
  EXPECT_EQ(remove(other_one).status, 404);
}

TEST_F(ApiTest, WhoHasMadeAllChangesMayStillEndWhatTheyChangeWith) {
  const auto make = [this] {
    return executor
        .Await(identity.api_tokens().Create(
            {.user_id = owner,
             .name = "script",
             .scopes = {identity::Scope::kSessionsWrite, identity::Scope::kTokensWrite}}))
        .value();
  };
  const auto token = make();
  const std::string_view text = token.text.Reveal();
  const auto stolen = executor.Await(identity.sessions().Create({.user_id = owner}))->session;
  const auto agents = executor.Await(identity.tokens().Create(owner, "box"));
  while (hub.change_rate.Spend(fmt::format("tokens of {}", owner), executor.now())) {
  }
  EXPECT_EQ(Ask("DELETE", "/api/sessions", text).status, 429) << "as often as one likes";
  EXPECT_EQ(Ask("DELETE", "/api/sessions/" + stolen->id, text).status, 204);
  EXPECT_EQ(Ask("DELETE", "/api/tokens/" + agents->id, text).status, 204);
  EXPECT_EQ(Ask("POST", "/api/tokens/" + agents->id + "/revoke", text).status, 404);

  const auto mine = executor.Await(identity.sessions().Create({.user_id = owner}));
  while (hub.change_rate.Spend(mine->session->id, executor.now())) {
  }
  const auto by_cookie = [&](std::string target) {
    http::Request request = http::testing::MakeRequest(std::move(target));
    request.head.method = "DELETE";
    request.head.fields.Add(
        "cookie", fmt::format("{}={}", identity::CookieName(identity::CookieKind::kHub, hub.scheme),
                              mine->cookie.Reveal()));
    request.head.fields.Add("origin", "https://hub.example");
    return executor.Await(HandleApi(hub, std::move(request))).value().head.status;
  };
  EXPECT_EQ(by_cookie("/api/clients/none"), 429);
  EXPECT_EQ(by_cookie("/api/api-tokens/" + token.token->id), 204);
  EXPECT_EQ(by_cookie("/api/session"), 204);
}

TEST_F(ApiTest, WhatIsRareInTheAuditLogIsFoundHoweverFarBack) {
  const auto add = [this](std::string_view action) {
    ASSERT_THAT(store::AppendAudit(*other, {.action = std::string(action)}), IsOk());
  };
  add("key_rotate");
  const std::string rows = fmt::format(
      "INSERT INTO audit WITH RECURSIVE n(seq) AS (VALUES (2) UNION ALL SELECT seq + 1 FROM n"
      " WHERE seq < {}) SELECT seq, 0, NULL, '', 'open', '', '', 'ok', '', zeroblob(32) FROM n",
      2 * store::kAuditLook);
  ASSERT_THAT(other->RunScript(rows), IsOk());
  add("key_rotate");
  const auto token = executor.Await(identity.api_tokens().Create(
      {.user_id = owner, .name = "script", .scopes = {identity::Scope::kAuditRead}}));
  const auto found = [&](int limit) {
    return Get(fmt::format("/api/audit?action=key_rotate&limit={}", limit), token->text.Reveal());
  };
  EXPECT_THAT(found(2), AllOf(HasSubstr(R"({"seq":40001,)"), HasSubstr(R"({"seq":1,)"),
                              HasSubstr(R"("next_before":null)")));
  EXPECT_THAT(found(1), HasSubstr(R"("next_before":40001)"));
}

TEST_F(ApiTest, WhoHasAsManyAgentTokensAsOneMayIsTold) {
  const auto fill = [this](store::Database& inside) -> Result<void> {
    for (std::int64_t i = 0; i < identity::kMaxAgentTokensPerUser; ++i) {
      auto made = identity::CreateAgentToken(inside, owner, "agent", {}, time, random);
      if (!made) return std::move(made).error();
    }
    return Ok();
  };
  ASSERT_THAT(other->InTransaction(fill), IsOk());
  ASSERT_THAT(executor.Await(identity.ReloadIfChanged()), IsOk());
  const auto token = executor.Await(identity.api_tokens().Create(
      {.user_id = owner, .name = "script", .scopes = {identity::Scope::kTokensWrite}}));
  const std::string refused = Post("/api/tokens", R"({"name":"more"})", token->text.Reveal());
  EXPECT_THAT(refused, HasSubstr("409"));
  EXPECT_THAT(refused, HasSubstr("revoke some of them"));

  identity::EnrolmentRequest request;
  request.machine = request.instance_id = "desk";
  const auto started = identity.enrolments().Start(std::move(request));
  ASSERT_THAT(identity.enrolments().Approve(started->user_code, {.user_id = owner}), IsOk());
  const auto poll = [&] {
    Pass(limits.enrolment_interval);
    return Post("/api/enrolments/poll",
                fmt::format(R"({{"device_secret":"{}"}})", started->device_secret.Reveal()));
  };
  EXPECT_EQ(
      poll(),
      R"({"status":"denied","reason":"the user has 1000 agent tokens already: revoke some of )"
      R"(them"})");
  const std::string one = identity.tokens().List(owner).front().id;
  ASSERT_THAT(executor.Await(identity.tokens().Revoke(owner, one)), IsOk());
  EXPECT_THAT(poll(), HasSubstr("approved")) << "an answer that was lost is asked for again";
}

TEST_F(ApiTest, RefusedSignInLinksFillNeitherTheAuditLogNorTheLog) {
  const auto sign_in = [this](int host) {
    http::Request request = http::testing::MakeRequest("/api/session");
    request.head.method = "POST";
    request.head.fields.Add("content-type", "application/json");
    request.head.fields.Add("origin", "https://hub.example");
    request.body = std::make_unique<http::TextBody>(R"({"code":"x"})");
    request.peer.address = fmt::format("192.0.2.{}", host);
    return executor.Await(HandleApi(hub, std::move(request))).value().head.status;
  };
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 5; ++i) {
    for (const int host : {7, 8}) EXPECT_EQ(sign_in(host), 401);
  }
  EXPECT_THAT(Audited(), ElementsAre("sign_in denied : link", "sign_in denied : link"));
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::ranges::count(log, '\n'), 1) << log;
}

TEST_F(ApiTest, APageLeftOpenIsNoUseOfItsSession) {
  const auto sign_in = [this] {
    auto made = executor.Await(identity.sessions().Create({.user_id = owner}));
    return fmt::format("{}={}", identity::CookieName(identity::CookieKind::kHub, hub.scheme),
                       made->cookie.Reveal());
  };
  const auto status = [this](std::string target, const std::string& cookie) {
    http::Request request = http::testing::MakeRequest(std::move(target));
    request.head.fields.Add("cookie", cookie);
    return executor.Await(HandleApi(hub, std::move(request))).value().head.status;
  };
  const std::string used = sign_in();
  const std::string left_open = sign_in();
  const std::string history = "/api/clients/box/history";
  for (int i = 0; i < 2; ++i) {
    Pass(limits.session_idle - std::chrono::hours(1));
    EXPECT_EQ(status("/clients", used), 200);
    EXPECT_EQ(status("/api/session", left_open), i == 0 ? 200 : 401);
    EXPECT_EQ(status(history, left_open), i == 0 ? 404 : 401) << "there is no such instance";
  }
  EXPECT_EQ(status("/clients", used), 200);
}

}  // namespace
}  // namespace berth::hub
