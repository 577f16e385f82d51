#include "hub/instance_site.h"

#include <gmock/gmock.h>

#include "hub/fake_link_testing.h"
#include "hub/hub_testing.h"
#include "hub/problem.h"
#include "identity/tickets.h"
#include "store/audit.h"

namespace berth::hub {
namespace {

using ::berth::testing::IsOk;

/// The page of an instance that signs its browser on.
struct InstanceSiteTest : testing::HubFixture {
  testing::FakeLink link;

  void SetUp() override {
    HubFixture::SetUp();
    registry.Remember("box", owner, {}, time);
  }

  /// The answer to a new ticket of that session, with that cookie.
  http::Response Redeem(const identity::SessionPtr& session, std::string_view cookie,
                        std::string_view site = "same-origin") {
    const Secret ticket = identity.tickets().Issue(session, "box");
    http::Request request;
    request.head.method = "POST";
    request.head.scheme = "https";
    request.head.authority = "box.apps.example";
    request.head.target = "/.berth/session";
    request.head.fields.Add("sec-fetch-site", site);
    request.head.fields.Add("content-type", "application/json");
    if (!cookie.empty()) request.head.fields.Add("cookie", cookie);
    request.peer.address = "192.0.2.7";
    request.body =
        std::make_unique<http::TextBody>(fmt::format(R"({{"code":"{}"}})", ticket.Reveal()));
    return executor.Await(ServeInstanceSite(hub, std::move(request), "box")).value();
  }

  /// The page that signs on, where these led.
  std::string SignOnPage(const std::vector<std::string>& referers) {
    http::Request request = http::testing::MakeRequest("/.berth/auth");
    request.head.authority = "box.apps.example";
    for (const auto& referer : referers) request.head.fields.Add("referer", referer);
    auto page = executor.Await(ServeInstanceSite(hub, std::move(request), "box")).value();
    return executor.Await(http::ReadAll(page.body.get(), 1 << 20)).value();
  }

  /// The status that the page of an instance that is away gets for its question.
  int Probe(std::string_view cookie, std::string method = "GET") {
    http::Request request = http::testing::MakeRequest(std::string(kProbePath));
    request.head.method = std::move(method);
    request.head.authority = "box.apps.example";
    request.head.fields.Add("sec-fetch-site", "same-origin");
    request.head.fields.Add("cookie", cookie);
    return executor.Await(ServeInstanceSite(hub, std::move(request), "box"))->head.status;
  }

  int Opened() {
    executor.RunUntilIdle();
    int opened = 0;
    const store::AuditFilter filter{.action = std::string(identity::audit_action::kOpen)};
    EXPECT_THAT(store::EachAudit(*other, 0, filter, [&](const auto&) { ++opened; }), IsOk());
    return opened;
  }
};

TEST_F(InstanceSiteTest, OpeningAgainAndAgainIsWrittenOnceAMinute) {
  const auto session = executor.Await(identity.sessions().Create({.user_id = owner}))->session;
  auto first = Redeem(session, "");
  ASSERT_EQ(first.head.status, 204);
  const auto cookie_name = identity::CookieName(identity::CookieKind::kInstance, hub.scheme);
  std::string cookie;
  for (const auto& [name, value] : first.head.fields) {
    if (name == "set-cookie" && value.starts_with(cookie_name)) {
      cookie = value.substr(0, value.find(';'));
    }
  }
  ASSERT_NE(cookie, "");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Redeem(session, cookie).head.status, 204);
  EXPECT_EQ(Opened(), 1);
  Pass(std::chrono::minutes(1));
  EXPECT_EQ(Redeem(session, cookie).head.status, 204);
  EXPECT_EQ(Opened(), 2);
}

TEST_F(InstanceSiteTest, ATicketIsRedeemedByTheInstancesOwnPageOnly) {
  const auto session = executor.Await(identity.sessions().Create({.user_id = owner}))->session;
  EXPECT_EQ(Redeem(session, "", "cross-site").head.status, 403);
  EXPECT_EQ(Redeem(session, "", "same-site").head.status, 403);
  const auto signed_on = Redeem(session, "");
  EXPECT_EQ(signed_on.head.status, 204);
  EXPECT_EQ(signed_on.head.fields.Find("cache-control"), "no-store");
  EXPECT_EQ(signed_on.head.fields.Find("vary"), "*");
}

TEST_F(InstanceSiteTest, WhetherItIsBackIsAnsweredByTheHubAndNoUseOfTheSession) {
  const auto session = executor.Await(identity.sessions().Create({.user_id = owner}))->session;
  const auto signed_on = Redeem(session, "");
  const std::string set(signed_on.head.fields.Find("set-cookie").value());
  const std::string cookie = set.substr(0, set.find(';'));
  const WallTime opened_at = identity.sessions().List(owner).at(0).last_used_at;
  Pass(std::chrono::hours(1));
  EXPECT_EQ(Probe(cookie), 503);
  ASSERT_THAT(registry.Connected("box", owner, {}, link), IsOk());
  EXPECT_EQ(Probe(cookie), 204) << "whose streams would end the program";
  EXPECT_EQ(Probe(cookie, "POST"), 404);
  EXPECT_EQ(Probe(""), 401);
  EXPECT_EQ(identity.sessions().List(owner).at(0).last_used_at, opened_at);
}

TEST_F(InstanceSiteTest, WhoeverSignsInAnewHasASessionOfTheirOwnThere) {
  const auto cookie_of = [](const http::Response& response) {
    const auto cookie = response.head.fields.Find("set-cookie").value_or("");
    return std::string(cookie.substr(0, cookie.find(';')));
  };
  const auto first = executor.Await(identity.sessions().Create({.user_id = owner}))->session;
  const std::string cookie = cookie_of(Redeem(first, ""));
  EXPECT_FALSE(cookie_of(Redeem(first, cookie)).starts_with(cookie.substr(0, cookie.find('='))));
  const auto second = executor.Await(identity.sessions().Create({.user_id = owner}))->session;
  const std::string other_cookie = cookie_of(Redeem(second, cookie));
  EXPECT_TRUE(other_cookie.starts_with(cookie.substr(0, cookie.find('=') + 1)));
  EXPECT_NE(other_cookie, cookie);
}

TEST_F(InstanceSiteTest, OnlyAPageOfTheHubLeadsWithACode) {
  const std::string led = SignOnPage({"https://hub.example/"});
  const std::string not_led = SignOnPage({});
  EXPECT_NE(led, not_led);
  EXPECT_EQ(SignOnPage({"https://evil.example/"}), not_led);
  EXPECT_EQ(SignOnPage({"http://hub.example/"}), not_led);
  EXPECT_EQ(SignOnPage({"https://hub.example/", "https://evil.example/"}), not_led);
}

}  // namespace
}  // namespace berth::hub
