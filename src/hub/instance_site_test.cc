#include "hub/instance_site.h"

#include <gmock/gmock.h>

#include "hub/hub_testing.h"
#include "identity/tickets.h"
#include "store/audit.h"

namespace berth::hub {
namespace {

using ::berth::testing::IsOk;

/// The page of an instance that signs its browser on.
struct InstanceSiteTest : testing::HubFixture {
  void SetUp() override {
    HubFixture::SetUp();
    registry.Remember("box", owner, {}, time);
  }

  /// The answer to a new ticket of that session, with that cookie.
  http::Response Redeem(const identity::SessionPtr& session, std::string_view cookie) {
    const Secret ticket = identity.tickets().Issue(session, "box");
    http::Request request;
    request.head.method = "POST";
    request.head.scheme = "https";
    request.head.authority = "box.apps.example";
    request.head.target = "/.berth/session";
    request.head.fields.Add("sec-fetch-site", "same-origin");
    request.head.fields.Add("content-type", "application/json");
    if (!cookie.empty()) request.head.fields.Add("cookie", cookie);
    request.peer.address = "192.0.2.7";
    request.body =
        std::make_unique<http::TextBody>(fmt::format(R"({{"code":"{}"}})", ticket.Reveal()));
    return executor.Await(ServeInstanceSite(hub, std::move(request), "box")).value();
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

}  // namespace
}  // namespace berth::hub
