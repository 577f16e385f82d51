// Whose requests reach an instance. More of it, over the network: tests/e2e/sharing.test.mjs.
#include "hub/instance_proxy.h"

#include <gmock/gmock.h>

#include <vector>

#include "hub/asset_cache.h"
#include "hub/guest_streams.h"
#include "hub/hub_testing.h"
#include "hub/path_gates.h"
#include "store/instances.h"

namespace berth::hub {
namespace {

using ::berth::testing::IsOk;
using ::testing::HasSubstr;

/// An instance whose answers never end, unless the test sets others.
class EndlessInstance : public InstanceLink, public http::Service {
 public:
  explicit EndlessInstance(Executor& executor) : never_(executor) {}

  std::optional<Error> failure;
  std::optional<http::ResponseHead> bare;  ///< A head with which all is said.

  bool is_open() const override { return true; }
  http::Service& streams() override { return *this; }
  Result<std::string> Assert(const identity::PersonPtr&, std::string_view, control::Role) override {
    return std::string("who it is");
  }
  void Fence(std::string_view) override {}
  void Disconnect() override {}
  std::optional<Duration> latency() const override { return std::nullopt; }

  Task<Result<http::Response>> Exchange(http::Request) override {
    if (failure) co_return *failure;
    http::Response response;
    if (bare) {
      response.head = *bare;
      co_return response;
    }
    response.head.status = 200;
    response.body = std::make_unique<Endless>(never_);
    co_return response;
  }

 private:
  class Endless : public http::Body {
   public:
    explicit Endless(Event& never) : never_(never) {}
    Task<Result<http::MutableBytes>> Read() override {
      co_await never_.Wait();
      co_return Unavailable("never");
    }

   private:
    Event& never_;
  };

  Event never_;
};

struct InstanceProxyTest : testing::HubFixture {
  EndlessInstance instance{executor};
  AssetCache assets{limits};
  GuestStreams guests{limits};
  http::Compressor compressor{limits};
  std::vector<http::Response> open;

  void SetUp() override {
    HubFixture::SetUp();
    hub.assets = &assets;
    hub.guests = &guests;
    hub.compressor = &compressor;
    ASSERT_THAT(store::ClaimInstance(*other, "box", owner, "{}", time), IsOk());
    ASSERT_THAT(registry.Connected("box", owner, {}, instance), IsOk());
  }

  /// A session of somebody with whom the instance is shared.
  identity::SessionPtr Guest(const std::string& name, store::ShareRole role) {
    const auto guest = store::EnsureUser(*other, "local", name, name, time).value();
    EXPECT_THAT(executor.Await(identity.Load()), IsOk());
    store::ShareRow share{.instance_id = "box",
                          .subject = std::to_string(guest.id),
                          .role = role,
                          .created_by = owner};
    EXPECT_THAT(executor.Await(identity.shares().Put(std::move(share))), IsOk());
    return SessionOf(guest.id);
  }
  identity::SessionPtr SessionOf(std::int64_t user) {
    return executor.Await(identity.sessions().Create({.user_id = user}))->session;
  }
  /// What a page that asks for events is answered.
  http::Response Ask(identity::SessionPtr session, std::string prefix = "") {
    http::Request request;
    request.head.method = "GET";
    request.head.scheme = "https";
    request.head.authority = "box.apps.example";
    request.head.target = "/events";
    request.head.fields.Add("accept", "text/event-stream");
    request.peer.address = "192.0.2.7";
    return executor
        .Await(ForwardToInstance(hub, std::move(request), std::move(session),
                                 {.instance_id = "box", .prefix = prefix, .expected_origin = ""}))
        .value();
  }
};

TEST_F(InstanceProxyTest, GuestsHoldAtMostHalfOfItsStreams) {
  limits.tunnel_streams = 8;
  const auto viewer = Guest("ada", store::ShareRole::kViewer);
  const auto operating = Guest("ben", store::ShareRole::kOperator);
  for (int i = 0; i < 2; ++i) {
    for (const auto& session : {viewer, operating}) {
      open.push_back(Ask(session));
      EXPECT_EQ(open.back().head.status, 200);
    }
  }
  for (const auto& session : {viewer, operating}) {
    const auto refused = Ask(session);
    EXPECT_EQ(refused.head.status, 503);
    EXPECT_EQ(refused.head.fields.Find("retry-after"), "3");
  }
  EXPECT_EQ(Ask(SessionOf(owner)).head.status, 200);
  open.pop_back();
  EXPECT_EQ(Ask(viewer).head.status, 200);
}

TEST_F(InstanceProxyTest, AFullTunnelIsNamedAndTriedAgainSoon) {
  instance.failure = Conflict("no place among the peer's streams came free");
  auto refused = Ask(SessionOf(owner));
  EXPECT_EQ(refused.head.status, 503);
  EXPECT_EQ(refused.head.fields.Find("retry-after"), "3");
  const auto told = executor.Await(http::ReadAll(refused.body.get(), 10'000));
  EXPECT_THAT(*told, HasSubstr("tunnel_streams"));
}

TEST_F(InstanceProxyTest, AnAnswerThatIsNoHttpIsTheAgentsFault) {
  instance.failure = Invalid("bad status in a response");
  auto refused = Ask(SessionOf(owner));
  EXPECT_EQ(refused.head.status, 502);
  const auto told = executor.Await(http::ReadAll(refused.body.get(), 10'000));
  EXPECT_THAT(*told, HasSubstr("answer is unusable"));
  instance.failure = TooLarge("request head beyond its limit");
  EXPECT_EQ(Ask(SessionOf(owner)).head.status, 413);
}

TEST_F(InstanceProxyTest, InPathModeNothingIsSaidForTheWholeOrigin) {
  http::ResponseHead head{.status = 200, .fields = {}};
  head.fields.Add("cross-origin-opener-policy", "unsafe-none");
  head.fields.Add("use-as-dictionary", R"(match="/*")");
  instance.bare = head;
  PathGates gates(hub);
  hub.path_gates = &gates;
  const auto there = Ask(SessionOf(owner), "/clients/box/proxy");
  EXPECT_EQ(there.head.status, 200);
  EXPECT_FALSE(there.head.fields.Has("cross-origin-opener-policy"));
  EXPECT_FALSE(there.head.fields.Has("use-as-dictionary"));
  EXPECT_TRUE(Ask(SessionOf(owner)).head.fields.Has("use-as-dictionary"));
}

}  // namespace
}  // namespace berth::hub
