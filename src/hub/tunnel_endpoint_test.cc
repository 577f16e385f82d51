// How agents get in, of either protocol, and how a hub that stops lets nobody in.
#include "hub/tunnel_endpoint.h"

#include <gmock/gmock.h>

#include "hub/fake_link_testing.h"
#include "hub/hub_testing.h"

namespace berth::hub {
namespace {

using ::berth::testing::IsOk;

enum class Speaks { kTunnel, kVersion1 };

struct TunnelEndpointTest : testing::HubFixture {
  TunnelEndpoint endpoint{hub};
  testing::FakeLink live;

  /// A token that `issuer` knows.
  std::string TokenFrom(identity::Identity& issuer) {
    auto created = executor.Await(issuer.tokens().Create(owner, "laptop"));
    EXPECT_THAT(created, IsOk());
    return std::string(created->text.Reveal());
  }
  Task<Result<http::Response>> Dial(testing::SocketEnd& end, Speaks speaks,
                                    const std::string& token) {
    http::Request request = end.Upgrade("/ws/connect?token=" + token);
    if (speaks == Speaks::kTunnel) {
      request.head.target = "/ws/connect";
      request.head.fields.Add("sec-websocket-protocol", "berth.h2");
      request.head.fields.Add("authorization", "Bearer " + token);
    }
    return endpoint.Accept(std::move(request));
  }
};

TEST_F(TunnelEndpointTest, NoPageGetsIn) {
  const std::string token = TokenFrom(identity);
  const std::pair<const char*, const char*> signs[] = {{"origin", "https://evil.example"},
                                                       {"sec-fetch-site", "same-origin"},
                                                       {"user-agent", "Mozilla/5.0"}};
  for (const auto& [name, value] : signs) {
    testing::SocketEnd end(executor);
    http::Request request = end.Upgrade("/ws/connect");
    request.head.fields.Add("sec-websocket-protocol", "berth.h2");
    request.head.fields.Add("authorization", "Bearer " + token);
    request.head.fields.Add(name, value);
    EXPECT_EQ(executor.Await(endpoint.Accept(std::move(request)))->head.status, 403) << name;
  }
}

TEST_F(TunnelEndpointTest, WrongTokensAreCountedAndWrittenDown) {
  const std::string good = TokenFrom(identity);
  const auto status = [this](const std::string& token) {
    testing::SocketEnd end(executor);
    return executor.Await(Dial(end, Speaks::kTunnel, token))->head.status;
  };
  for (std::uint64_t i = 0; i < limits.sign_in_attempts; ++i) EXPECT_EQ(status("wrong"), 401);
  EXPECT_THAT(Audited(),
              ::testing::ElementsAre("agent_connect denied : bad, revoked or expired token"));
  EXPECT_EQ(status("wrong"), 429);
  EXPECT_EQ(status(good), 101);
}

TEST_F(TunnelEndpointTest, ATokenInTheQueryIsOfVersion1Only) {
  testing::SocketEnd end(executor);
  http::Request request = end.Upgrade("/ws/connect?token=" + TokenFrom(identity));
  request.head.fields.Add("sec-websocket-protocol", "berth.h2");
  EXPECT_EQ(executor.Await(endpoint.Accept(std::move(request)))->head.status, 401);
}

TEST_F(TunnelEndpointTest, AHubThatStopsLetsNobodyIn) {
  const std::string token = TokenFrom(identity);
  stopping.Set();
  for (const Speaks speaks : {Speaks::kTunnel, Speaks::kVersion1}) {
    testing::SocketEnd end(executor);
    auto answer = executor.Await(Dial(end, speaks, token));
    ASSERT_THAT(answer, IsOk());
    EXPECT_EQ(answer->head.status, 503);
    EXPECT_EQ(answer->head.fields.Find("retry-after"), "1");
  }
  EXPECT_EQ(sockets.size(), 0U);
}

TEST_F(TunnelEndpointTest, AHubThatStopsWhileItLooksForTheTokenLetsNobodyIn) {
  auto store_elsewhere =
      store::Store::Open(executor, folder.path(), store::StoreThread::kCaller).value();
  identity::Identity elsewhere{{executor, *store_elsewhere, sealer, limits, clock, random}};
  ASSERT_THAT(executor.Await(elsewhere.Load()), IsOk());
  const std::string token = TokenFrom(elsewhere);
  testing::SocketEnd end(executor);
  auto dialling = Dial(end, Speaks::kTunnel, token);
  dialling.Start();
  ASSERT_FALSE(dialling.is_done());
  stopping.Set();
  executor.RunUntilIdle();
  ASSERT_TRUE(dialling.is_done());
  auto answer = dialling.Take();
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->head.status, 503);
}

TEST_F(TunnelEndpointTest, AConnectionThatEndsWhileItRegistersTakesNoIdFromALiveOne) {
  const std::string token = TokenFrom(identity);
  for (const Speaks speaks : {Speaks::kTunnel, Speaks::kVersion1}) {
    live.fenced.clear();
    ASSERT_THAT(registry.Connected("box-1", owner, {}, live), IsOk());
    testing::SocketEnd end(executor);
    end.Attach(executor.Await(Dial(end, speaks, token)).value());
    // It is asked for right before the id is claimed: this comes before the database's answer.
    hub.clock = [this] {
      executor.Post([this] { endpoint.Drain(); });
      return time;
    };
    end.Say(fmt::format(
        R"({{"type":"register","client_id":"box-1","user_token":"{}","metadata":{{}}}})", token));
    hub.clock = clock;
    EXPECT_EQ(live.fenced, "");
    EXPECT_EQ(registry.Get("box-1")->link, &live);
  }
  registry.Disconnected("box-1", live);
}

}  // namespace
}  // namespace berth::hub
