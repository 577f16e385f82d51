// What an API token opens. More of it, over the network: tests/e2e/accounts.test.mjs.
#include "hub/api.h"

#include <gmock/gmock.h>

#include "hub/hub_testing.h"

namespace berth::hub {
namespace {

using ::testing::ElementsAre;

struct ApiTest : testing::HubFixture {
  http::ResponseHead Ask(std::string method, std::string target, std::string_view token) {
    http::Request request = http::testing::MakeRequest(std::move(target));
    request.head.method = std::move(method);
    request.head.fields.Add("authorization", fmt::format("Bearer {}", token));
    request.peer.address = "192.0.2.7";
    return executor.Await(HandleApi(hub, std::move(request))).value().head;
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

}  // namespace
}  // namespace berth::hub
