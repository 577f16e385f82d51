// Connections of version-1 instances, from the upgrade to their end; what they say in between:
// v1_peer_messages_test.cc.

#include <gmock/gmock.h>

#include <algorithm>

#include "hub/client_view.h"
#include "hub/v1_peer_testing.h"
#include "identity/shares.h"
#include "store/instances.h"
#include "tunnel/link.h"

namespace berth::hub {
namespace {

using ::berth::testing::FailsWith;
using ::berth::testing::IsOk;
using ::testing::HasSubstr;
using testing::kRegistered;
using ::testing::StartsWith;

struct V1PeerTest : testing::V1PeerFixture {};

TEST_F(V1PeerTest, ABadTokenIsRefusedBeforeTheUpgrade) {
  for (const std::string& bad : {std::string(), std::string("ao_1_2"), token + "0"}) {
    testing::SocketEnd end(executor);
    EXPECT_EQ(Dial(end, bad).head.status, 401) << bad;
  }
  hub.version_1 = false;
  testing::SocketEnd end(executor);
  EXPECT_EQ(Dial(end, token).head.status, 400);
  EXPECT_EQ(sockets.size(), 0U);
}

TEST_F(V1PeerTest, PingBeforeRegisterIsToldToRegister) {
  auto instance = Connect();
  for (const char* text :
       {R"({"type":"ping","client_id":"box-1"})",
        R"({"type":"status_update","client_id":"box-1","status":"idle"})",
        R"({"type":"http_proxy_response","request_id":"r","status":200,"headers":[],"body":""})"}) {
    instance->Say(text);
    EXPECT_EQ(instance->Next(),
              R"({"type":"error","message":"not registered: send register first"})");
  }
  EXPECT_FALSE(IsLive());
  instance->Say(Registration("box-1", token));
  EXPECT_EQ(instance->Next(), kRegistered);
  instance->Say(R"({"type":"ping","client_id":"box-1"})");
  EXPECT_EQ(instance->Next(), R"({"type":"pong","client_id":"box-1"})");
  EXPECT_TRUE(IsLive());
  EXPECT_EQ(registry.Get("box-1")->client.metadata.project, "demo");
  EXPECT_EQ(registry.Get("box-1")->link->address(), "192.0.2.7");
}

TEST_F(V1PeerTest, WhoeverDoesNotRegisterIsLetGo) {
  auto instance = Connect();
  executor.Advance(limits.register_timeout);
  EXPECT_THAT(instance->Next(), StartsWith("close 1008"));
}

TEST_F(V1PeerTest, RegisteringTakesTheConnectionsOwnToken) {
  auto instance = Connect();
  instance->Say(R"({"type":"register","client_id":"box-1","metadata":{}})");
  EXPECT_THAT(instance->Next(), HasSubstr("user_token"));
  instance->Say(Registration("a b", token));
  EXPECT_THAT(instance->Next(), HasSubstr("client_id"));
  auto other = executor.Await(identity.tokens().Create(owner, "other"));
  auto mixed = Connect();
  mixed->Say(Registration("box-1", other->text.Reveal()));
  EXPECT_THAT(mixed->Next(), HasSubstr(R"("success":false)"));
  EXPECT_THAT(mixed->Next(), StartsWith("close 1008"));
  EXPECT_FALSE(IsLive());
}

TEST_F(V1PeerTest, AnIdOfSomebodyElseIsRefused) {
  const auto anna = store::EnsureUser(*other, "local", "anna", "anna", time).value();
  ASSERT_THAT(store::ClaimInstance(*other, "box-1", anna.id, "{}", time), IsOk());
  auto instance = Connect();
  instance->Say(Registration("box-1", token));
  EXPECT_THAT(instance->Next(), HasSubstr("belongs to another user"));
  EXPECT_THAT(instance->Next(), StartsWith("close 1008"));
}

TEST_F(V1PeerTest, ADatabaseThatCannotBeWrittenIsNoRefusal) {
  ASSERT_THAT(other->RunScript("CREATE TRIGGER broken BEFORE INSERT ON instances "
                               "BEGIN SELECT RAISE(ABORT, 'broken'); END"),
              IsOk());
  auto instance = Connect();
  instance->Say(Registration("box-1", token));
  EXPECT_EQ(instance->Next(), "close 1013 the hub cannot write its database now");
  EXPECT_FALSE(IsLive());
  ASSERT_THAT(other->RunScript("DROP TRIGGER broken"), IsOk());
  Register();
}

TEST_F(V1PeerTest, AConnectionIsOneInstance) {
  auto instance = Register();
  instance->Say(Registration("box-1", token));
  EXPECT_EQ(instance->Next(), kRegistered);
  instance->Say(Registration("box-2", token));
  EXPECT_THAT(instance->Next(), HasSubstr("registered as another client_id"));
  EXPECT_FALSE(IsLive("box-2"));
  instance->Say(R"({"type":"status_update","client_id":"box-2","status":"busy"})");
  EXPECT_THAT(instance->Next(), HasSubstr("not the registered id"));
  instance->Say(R"({"type":"status_update","client_id":"box-1","status":"busy"})");
  EXPECT_EQ(instance->Next(), "");
  EXPECT_EQ(registry.Get("box-1")->client.metadata.status, control::Status::kBusy);
}

TEST_F(V1PeerTest, ANewerConnectionFencesTheOlder) {
  auto older = Register();
  auto exchange = Begin();
  EXPECT_THAT(older->Next(), HasSubstr("http_proxy_request"));
  auto newer = Register();
  ASSERT_TRUE(exchange.is_done());
  EXPECT_THAT(exchange.Take(), FailsWith(ErrorKind::kUnavailable));
  EXPECT_THAT(older->Next(), HasSubstr(R"("type":"error")"));
  EXPECT_EQ(older->Next(), R"({"type":"command","command":"disconnect"})");
  EXPECT_THAT(older->Next(), StartsWith("close 1008"));
  EXPECT_TRUE(IsLive()) << "that the older left changes nothing";
  auto next = Begin("/who");
  EXPECT_THAT(newer->Next(), HasSubstr("/who"));
}

TEST_F(V1PeerTest, WhatANewerConnectionRegistersCountsAtOnce) {
  auto older = Register();
  older->Say(R"({"type":"status_update","client_id":"box-1","status":"busy"})");
  auto newer = Connect();
  newer->Say(fmt::format(R"({{"type":"register","client_id":"box-1","user_token":"{}",)"
                         R"("metadata":{{"status":"idle"}}}})",
                         token));
  EXPECT_EQ(newer->Next(), kRegistered);
  const Instance& instance = *registry.Get("box-1");
  EXPECT_EQ(instance.client.metadata.status, control::Status::kIdle);
  EXPECT_EQ(instance.client.metadata.state, control::State::kIdle);
  EXPECT_TRUE(instance.has_reported);
}

TEST_F(V1PeerTest, OnesOwnOpensWhereItSignsItsPageIn) {
  auto instance = Register();
  const auto url = [this](identity::InstanceRole role) {
    return UrlOf(hub, *registry.Get("box-1"), role);
  };
  EXPECT_EQ(url(identity::InstanceRole::kOwner), "/clients/box-1/proxy/");
  EXPECT_EQ(url(identity::InstanceRole::kOperator), "https://box-1.apps.example/");
  hub.path_mode = false;
  EXPECT_EQ(url(identity::InstanceRole::kOwner), "https://box-1.apps.example/");
  hub.path_mode = true;
  ASSERT_THAT(
      executor.Await(identity.shares().Put(
          {.instance_id = "box-1", .kind = store::ShareKind::kEveryone, .created_by = owner})),
      IsOk());
  EXPECT_EQ(url(identity::InstanceRole::kOwner), "https://box-1.apps.example/");
}

TEST_F(V1PeerTest, AnInstanceThatGoesFailsItsRequestsAtOnce) {
  for (const bool is_closed : {true, false}) {
    auto instance = Register();
    auto exchange = Begin();
    instance->Next();
    if (is_closed) {
      instance->Close();
    } else {
      instance->Break();
    }
    ASSERT_TRUE(exchange.is_done());
    EXPECT_THAT(exchange.Take(), FailsWith(ErrorKind::kUnavailable));
    EXPECT_FALSE(IsLive());
    EXPECT_EQ(sockets.size(), 0U);
  }
}

TEST_F(V1PeerTest, SilenceIsProbedAndThenTheEnd) {
  auto instance = Register();
  auto exchange = Begin();
  instance->Next();
  // Nobody reads at the instance's end, so that its pongs stay away.
  executor.Advance(limits.ping_after + limits.ping_answer);
  EXPECT_FALSE(IsLive());
  EXPECT_TRUE(exchange.is_done());
}

TEST_F(V1PeerTest, ARevokedTokenEndsTheConnection) {
  auto instance = Register();
  EXPECT_THAT(executor.Await(identity.tokens().Revoke(owner, token_id)), IsOk());
  EXPECT_THAT(instance->Next(), HasSubstr("revoked"));
  EXPECT_THAT(instance->Next(), StartsWith("close 1008"));
  EXPECT_FALSE(IsLive());
}

TEST_F(V1PeerTest, WhoeverDoesNotAnswerTheCloseIsGoneAllTheSame) {
  auto instance = Register();
  EXPECT_THAT(executor.Await(identity.tokens().Revoke(owner, token_id)), IsOk());
  executor.RunUntilIdle();
  EXPECT_FALSE(IsLive());
  EXPECT_EQ(sockets.size(), 1U);
  executor.Advance(tunnel::kHubCloseTimeout);
  EXPECT_EQ(sockets.size(), 0U);
}

TEST_F(V1PeerTest, DrainingLetsWhatRunsFinish) {
  auto idle = Register("box-2");
  auto instance = Register();
  auto exchange = Begin();
  const std::string id = IdIn(instance->Next());
  endpoint.Drain();
  executor.RunUntilIdle();
  EXPECT_THAT(idle->Next(), StartsWith("close 1001"));
  EXPECT_EQ(instance->Next(), "");
  instance->Say(fmt::format(
      R"({{"type":"http_proxy_response","request_id":"{}","status":200,"headers":[],"body":"x"}})",
      id));
  ASSERT_TRUE(exchange.is_done());
  EXPECT_THAT(exchange.Take(), IsOk());
  EXPECT_THAT(instance->Next(), StartsWith("close 1001"));
}

TEST_F(V1PeerTest, AViewerCannotBeHeldToLooking) {
  auto instance = Register();
  InstanceLink& link = *registry.Get("box-1")->link;
  const auto person = identity.people().Find(owner);
  EXPECT_THAT(link.Assert(person, "s", control::Role::kViewer), FailsWith(ErrorKind::kForbidden));
  EXPECT_EQ(link.Assert(person, "s", control::Role::kOwner).value(), "");
  link.Disconnect();
  EXPECT_EQ(instance->Next(), R"({"type":"command","command":"disconnect"})");
}

}  // namespace
}  // namespace berth::hub
