// Connections of a version-1 instance, which the test plays.
#pragma once

#include <gtest/gtest.h>

#include "http/h2_testing.h"
#include "http/request_testing.h"
#include "hub/hub_testing.h"
#include "hub/tunnel_endpoint.h"
#include "hub/v1_peer.h"

namespace berth::hub::testing {

/// What a registration is answered with.
inline constexpr std::string_view kRegistered = R"({"type":"registered","success":true})";

struct V1PeerFixture : HubFixture {
  TunnelEndpoint endpoint{hub};
  std::string token;
  std::string token_id;

  void SetUp() override {
    HubFixture::SetUp();
    auto created = executor.Await(identity.tokens().Create(owner, "laptop"));
    ASSERT_THAT(created, berth::testing::IsOk());
    token = created->text.Reveal();
    token_id = created->id;
  }

  http::Response Dial(SocketEnd& end, std::string_view presented) {
    auto request = end.Upgrade(fmt::format("/ws/connect?token={}&client_id=box-1", presented));
    request.peer.address = "192.0.2.7";
    return executor.Await(endpoint.Accept(std::move(request))).value();
  }
  std::unique_ptr<SocketEnd> Connect() {
    auto instance = std::make_unique<SocketEnd>(executor);
    instance->Attach(Dial(*instance, token));
    executor.RunUntilIdle();
    return instance;
  }
  std::string Registration(std::string_view id, std::string_view presented) const {
    return fmt::format(
        R"({{"type":"register","client_id":"{}","user_token":"{}","metadata":{{"project":"demo","pid":7}}}})",
        id, presented);
  }
  std::unique_ptr<SocketEnd> Register(std::string_view id = "box-1") {
    auto instance = Connect();
    instance->Say(Registration(id, token));
    EXPECT_EQ(instance->Next(), kRegistered);
    return instance;
  }
  bool IsLive(std::string_view id = "box-1") const {
    const Instance* instance = registry.Get(id);
    return instance != nullptr && instance->is_live();
  }
  /// A request to the instance that is under way.
  Task<Result<http::Response>> Begin(std::string target = "/") {
    auto exchange = registry.Get("box-1")->link->streams().Exchange(
        http::testing::MakeRequest(std::move(target)));
    exchange.Start();
    executor.RunUntilIdle();
    return exchange;
  }
  /// Of the request that the instance gets next.
  static std::string IdIn(std::string_view text) {
    auto message = control::Parse(text, control::Sender::kHubToAgent);
    EXPECT_THAT(message, berth::testing::IsOk());
    return message ? std::get<control::HttpProxyRequest>(*message).request_id : "";
  }
};

}  // namespace berth::hub::testing
