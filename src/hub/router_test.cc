// Where requests go. More of it, over the network: tests/e2e/cross_site.test.mjs.
#include "hub/router.h"

#include <gtest/gtest.h>

#include "hub/hub_testing.h"
#include "hub/trusted_proxies.h"
#include "hub/tunnel_endpoint.h"

namespace berth::hub {
namespace {

struct RouterTest : testing::HubFixture {
  TunnelEndpoint tunnels{hub};
  TrustedProxies proxies{{}, "https"};
  Router router{hub, tunnels, proxies};

  http::ResponseHead Ask(std::string target, std::string_view referer = "") {
    http::Request request = http::testing::MakeRequest(std::move(target));
    if (!referer.empty()) request.head.fields.Add("referer", referer);
    return executor.Await(router.Exchange(std::move(request)))->head;
  }
};

TEST_F(RouterTest, WhatEscapedFromAPageInPathModeIsLedBackAndNotKept) {
  const auto led = Ask("/x?y", "https://hub.example/clients/box/proxy/page");
  EXPECT_EQ(led.status, 307);
  EXPECT_EQ(led.fields.Find("location"), "/clients/box/proxy/x?y");
  EXPECT_EQ(led.fields.Find("vary"), "Referer, *");
  EXPECT_EQ(Ask("/x?y", "https://hub.example/dashboard").status, 404);
}

TEST_F(RouterTest, WhoeverAsksForAnotherHostLearnsWhichOneArrived) {
  http::Request request = http::testing::MakeRequest("/");
  request.head.authority = "127.0.0.1:28787";
  auto response = executor.Await(router.Exchange(std::move(request)));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->head.status, 421);
  const auto text = executor.Await(http::ReadAll(response->body.get(), 4096));
  EXPECT_TRUE(text->contains("it is at https://hub.example. Asked for was 127.0.0.1:28787; "))
      << *text;
}

TEST_F(RouterTest, NothingKeepsWhereTheHubLeads) {
  const auto led = Ask("/");
  EXPECT_EQ(led.fields.Find("location"), "/dashboard");
  EXPECT_EQ(led.fields.Find("cache-control"), "no-store");
  EXPECT_EQ(led.fields.Find("vary"), "*");
}

TEST_F(RouterTest, WhoMistypesAnAddressGetsAPageWithTheWayToAllInstances) {
  for (const char* target : {"/nothing", "/dashboard/"}) {
    http::Request request = http::testing::MakeRequest(target);
    EXPECT_EQ(Ask(target).fields.Find("content-type"), "application/problem+json") << target;
    request.head.fields.Add("sec-fetch-mode", "navigate");
    auto response = executor.Await(router.Exchange(std::move(request)));
    EXPECT_EQ(response->head.status, 404) << target;
    const auto page = executor.Await(http::ReadAll(response->body.get(), 4096));
    EXPECT_TRUE(page->contains("<a href=\"/dashboard\">")) << target << ": " << *page;
  }
}

TEST_F(RouterTest, AnInstancesPageWithoutAnInstanceLeadsToAllOfThem) {
  for (const char* target : {"/instances", "/instances/"}) {
    EXPECT_EQ(Ask(target).fields.Find("location"), "/dashboard") << target;
  }
}

TEST_F(RouterTest, NothingIsReadAfterAPathThatIsReadInTwoWays) {
  for (const char* target : {"/api%2fsession", "/clients/a%2fb/proxy/", "/x%00"}) {
    const auto refused = Ask(target);
    EXPECT_EQ(refused.status, 400) << target;
    EXPECT_EQ(refused.fields.Find("connection"), "close") << target;
  }
}

}  // namespace
}  // namespace berth::hub
