// Connections of version-1 instances, from the upgrade to their end; the test is the instance.
#include "hub/v1_peer.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "http/h2_testing.h"
#include "http/request_testing.h"
#include "hub/client_view.h"
#include "hub/hub_testing.h"
#include "identity/shares.h"
#include "store/instances.h"
#include "tunnel/link.h"

namespace berth::hub {
namespace {

using ::berth::testing::FailsWith;
using ::berth::testing::IsOk;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kRegistered = R"({"type":"registered","success":true})";

struct V1PeerTest : testing::HubFixture {
  TunnelEndpoint endpoint{hub};
  std::string token;
  std::string token_id;

  void SetUp() override {
    HubFixture::SetUp();
    auto created = executor.Await(identity.tokens().Create(owner, "laptop"));
    ASSERT_THAT(created, IsOk());
    token = created->text.Reveal();
    token_id = created->id;
  }

  http::Response Dial(testing::SocketEnd& end, std::string_view presented) {
    auto request = end.Upgrade(fmt::format("/ws/connect?token={}&client_id=box-1", presented));
    request.peer.address = "192.0.2.7";
    return executor.Await(endpoint.Accept(std::move(request))).value();
  }
  std::unique_ptr<testing::SocketEnd> Connect() {
    auto instance = std::make_unique<testing::SocketEnd>(executor);
    instance->Attach(Dial(*instance, token));
    executor.RunUntilIdle();
    return instance;
  }
  std::string Registration(std::string_view id, std::string_view presented) const {
    return fmt::format(
        R"({{"type":"register","client_id":"{}","user_token":"{}","metadata":{{"project":"demo","pid":7}}}})",
        id, presented);
  }
  std::unique_ptr<testing::SocketEnd> Register(std::string_view id = "box-1") {
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
    EXPECT_THAT(message, IsOk());
    return message ? std::get<control::HttpProxyRequest>(*message).request_id : "";
  }
};

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

TEST_F(V1PeerTest, AMalformedAnswerFailsItsRequestAndNothingElse) {
  auto instance = Register();
  auto broken = Begin("/broken");
  const std::string id = IdIn(instance->Next());
  auto fine = Begin("/fine");
  const std::string other_id = IdIn(instance->Next());
  instance->Say(fmt::format(
      R"({{"type":"http_proxy_response","request_id":"{}","status":"200","headers":[],"body":""}})",
      id));
  EXPECT_THAT(instance->Next(), HasSubstr(R"("type":"error")"));
  ASSERT_TRUE(broken.is_done());
  EXPECT_EQ(broken.Take()->head.status, 502);
  EXPECT_FALSE(fine.is_done());
  instance->Say(R"({"type":"of_the_future"})");
  EXPECT_EQ(instance->Next(), "");
  instance->Say(fmt::format(
      R"({{"type":"http_proxy_response","request_id":"{}","status":204,"headers":[],"body":""}})",
      other_id));
  ASSERT_TRUE(fine.is_done());
  EXPECT_EQ(fine.Take()->head.status, 204);
}

TEST_F(V1PeerTest, AnAnswerThatIsNoJsonFailsItsRequestAtOnce) {
  auto instance = Register();
  auto fine = Begin("/fine");
  instance->Next();
  const std::string rests[] = {
      R"("status":200,"headers":[],"body":"cut off)",
      R"("status":200,"status":201,"headers":[],"body":""})",
      R"("status":200,"headers":)" + std::string(20, '[') + std::string(20, ']') + "}",
      R"("status":200,"headers":[],"body":"\x"})",
  };
  for (const std::string& rest : rests) {
    auto broken = Begin("/broken");
    const std::string id = IdIn(instance->Next());
    instance->Say(fmt::format(R"({{"type":"http_proxy_response","request_id":"{}",{})", id, rest));
    EXPECT_THAT(instance->Next(), HasSubstr(R"("type":"error")"));
    ASSERT_TRUE(broken.is_done()) << rest;
    EXPECT_EQ(broken.Take()->head.status, 502) << rest;
  }
  EXPECT_FALSE(fine.is_done());
}

TEST_F(V1PeerTest, APieceOfAChatThatIsRefusedIsLostAlone) {
  struct Chat : V1Calls::Waiter {
    void OnData(const control::Json& data) override { said += data.text; }
    void OnError(const control::ErrorMessage& error) override { said += error.message; }
    std::string said;
  } chat;
  auto instance = Register();
  const auto calls = registry.Get("box-1")->link->version_1();
  const auto id = calls->Begin(chat);
  ASSERT_THAT(id, IsOk());
  const auto say = [&](std::string_view type, std::string_view data) {
    instance->Say(fmt::format(R"({{"type":"{}","request_id":"{}","data":{}}})", type, *id, data));
  };
  const std::string deep = std::string(20, '[') + std::string(20, ']');
  say("response_chunk", deep);
  say("response_chunk", "1");
  say("response", deep);
  say("response", "2");
  say("response_complete", deep);
  EXPECT_EQ(chat.said, "12a malformed answer");
  calls->Forget(*id);
}

TEST_F(V1PeerTest, HalfACharacterIsReadAsNodeReadsIt) {
  auto instance = Register();
  auto exchange = Begin();
  const std::string id = IdIn(instance->Next());
  instance->Say(fmt::format(
      R"({{"type":"http_proxy_response","request_id":"{}","status":200,"headers":[],"body":"cut \ud83d, whole \ud83d\ude00"}})",
      id));
  EXPECT_EQ(instance->Next(), "");
  ASSERT_TRUE(exchange.is_done());
  auto response = exchange.Take();
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(*executor.Await(http::ReadAll(response->body.get(), 100)),
            "cut \xEF\xBF\xBD, whole \xF0\x9F\x98\x80");
}

TEST_F(V1PeerTest, AMessageBeyondTheLimitClosesTheConnection) {
  EXPECT_EQ(limits.version1_message, 32U * 1024 * 1024) << "what docs/protocol.md says";
  limits.version1_message = 100'000;
  auto instance = Register();
  auto exchange = Begin();
  const std::string id = IdIn(instance->Next());
  const auto answer = [&id](std::size_t size) {
    std::string text = fmt::format(
        R"({{"type":"http_proxy_response","request_id":"{}","status":200,"headers":[],"body":")",
        id);
    text.append(size - text.size() - 2, 'x');
    return text + "\"}";
  };
  instance->Say(answer(100'000));
  EXPECT_TRUE(exchange.is_done());
  auto unanswered = Begin();
  instance->Next();
  instance->Say(answer(100'001));
  EXPECT_THAT(instance->Next(), StartsWith("close 1009"));
  ASSERT_TRUE(unanswered.is_done());
  EXPECT_THAT(unanswered.Take(), FailsWith(ErrorKind::kUnavailable));
  EXPECT_FALSE(IsLive());
}

TEST_F(V1PeerTest, BinaryFramesAreRefused) {
  auto instance = Register();
  instance->SayBinary();
  EXPECT_THAT(instance->Next(), StartsWith("close 1003"));
  EXPECT_FALSE(IsLive());
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

TEST_F(V1PeerTest, UnfinishedMessagesOfOneUserAreBoundedInAll) {
  limits.version1_message = 4096;
  limits.control_message = 1024;
  std::string part;
  http::AppendFrame(part, http::WebSocketOpcode::kText, std::string(4000, ' '), http::MaskKey{});
  part.resize(3800);
  std::vector<std::unique_ptr<http::testing::ManualSource>> sources;
  std::vector<http::Response> connections;
  const auto connect = [&] {
    auto& source = sources.emplace_back(std::make_unique<http::testing::ManualSource>(executor));
    testing::SocketEnd end(executor);
    auto request = end.Upgrade(fmt::format("/ws/connect?token={}", token));
    request.body = std::make_unique<http::testing::ManualBody>(*source);
    connections.push_back(executor.Await(endpoint.Accept(std::move(request))).value());
    source->Push(part);
    executor.RunUntilIdle();
  };
  for (int i = 0; i < 4; ++i) connect();
  EXPECT_EQ(sockets.size(), 4U);
  connect();  // 19,000 bytes would be more than four messages.
  EXPECT_EQ(sockets.size(), 4U);
  sources[0]->Finish();
  executor.RunUntilIdle();
  EXPECT_EQ(sockets.size(), 3U);
  connect();
  EXPECT_EQ(sockets.size(), 4U);
  for (const auto& source : sources) source->Finish();
  executor.RunUntilIdle();
  EXPECT_EQ(sockets.size(), 0U);
}

TEST_F(V1PeerTest, WhatAnInstanceSaysFillsNoLog) {
  limits.ping_after = limits.ping_answer = std::chrono::hours(1);
  auto instance = Register();
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 100; ++i) {
    instance->Say(fmt::format(R"({{"type":"error","message":"trouble {}"}})", i));
    instance->Say(Registration("box-1", token));
    EXPECT_EQ(instance->Next(), kRegistered);
  }
  Pass(std::chrono::seconds(10));
  instance->Say(R"({"type":"error","message":"more"})");
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::ranges::count(log, '\n'), 2) << log;
  EXPECT_THAT(log, HasSubstr("trouble 0\n"));
  EXPECT_THAT(log, HasSubstr("more (99 reports before were left out)\n"));
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
