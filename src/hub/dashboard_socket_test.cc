#include "hub/dashboard_socket.h"

#include <gmock/gmock.h>

#include "hub/hub_testing.h"
#include "identity/shares.h"
#include "store/instances.h"

namespace berth::hub {
namespace {

using ::berth::testing::IsOk;

struct FakeLink : InstanceLink {
  http::Service& streams() override { std::abort(); }
  Result<std::string> Assert(const identity::PersonPtr&, std::string_view, control::Role) override {
    return std::string();
  }
  void Fence(std::string_view) override {}
  void Disconnect() override {}
  std::optional<Duration> latency() const override { return std::nullopt; }
};

/// A script of the owner's that watches the dashboard socket.
struct DashboardSocketTest : testing::HubFixture {
  FakeLink link;
  testing::SocketEnd page{executor};

  void Connect(const std::string& id) {
    ASSERT_THAT(store::ClaimInstance(*other, id, owner, "{}", time), IsOk());
    ASSERT_THAT(registry.Connected(id, owner, {}, link), IsOk());
  }

  void Open() {
    auto token = executor.Await(identity.api_tokens().Create(
        {.user_id = owner, .name = "script", .scopes = {identity::Scope::kInstancesRead}}));
    ASSERT_THAT(token, IsOk());
    http::Request upgrade = page.Upgrade("/ws/connect?type=browser");
    upgrade.head.fields.Add("authorization", fmt::format("Bearer {}", token->text.Reveal()));
    auto response = executor.Await(OpenDashboardSocket(hub, std::move(upgrade)));
    ASSERT_THAT(response, IsOk());
    page.Attach(std::move(*response));
    page.Say(R"({"type":"get_clients"})");
  }

  /// The next message.
  control::Message Heard() {
    const std::string text = page.Next();
    if (text.empty()) return control::Unknown{.type = "nothing"};
    return control::Parse(text, control::Sender::kHubToBrowser, 8 * control::kMaxMessage).value();
  }
  template <class T>
  T Next() {
    return std::get<T>(Heard());
  }
};

TEST_F(DashboardSocketTest, WhereAnInstanceOpensIsToldAnewOnceItIsShared) {
  Connect("box");
  Open();
  EXPECT_EQ(Next<control::ClientList>().clients.at(0).path_url, "/clients/box/proxy/");
  ASSERT_THAT(
      executor.Await(identity.shares().Put(
          {.instance_id = "box", .kind = store::ShareKind::kEveryone, .created_by = owner})),
      IsOk());
  EXPECT_EQ(Next<control::ClientUpdate>().client.path_url, "");
}

}  // namespace
}  // namespace berth::hub
