// Both ends of a tunnel against each other.
#include <gtest/gtest.h>

#include "base/result_testing.h"
#include "tunnel/tunnel_testing.h"

namespace berth::tunnel {
namespace {

using namespace std::chrono_literals;
using berth::testing::FailsWith;
using berth::testing::IsOk;
using berth::testing::TestExecutor;
using testing::CountingBody;
using testing::EchoInstance;
using testing::FakeHub;
using testing::HubEnd;
using testing::MakeRequest;

class LinkTest : public ::testing::Test, public AgentLink::Observer {
 protected:
  void OnRegistered(const control::Registered& registered) override { registered_ = registered; }
  void OnMessage(const control::Message& message) override { messages_.push_back(message); }

  // Starts an agent and lets it register, if all goes well.
  void Connect() {
    agent_ = std::make_unique<AgentLink>(executor_, limits_, address_, testing::TestRegistration(),
                                         hub_, instance_, *this);
    run_ = RunAgent();
    run_.Start();
    executor_.RunUntilIdle();
  }
  Task<void> RunAgent() { ended_ = co_await agent_->Run(); }

  HubLink& hub_link() { return hub_.end().link; }
  Result<http::Response> Exchange(http::Request request) {
    return executor_.Await(hub_link().streams().Exchange(std::move(request)));
  }
  // Sends a body through the echo and compares.
  void ExpectEcho(std::size_t size) {
    auto response = Exchange(MakeRequest("/echo", std::make_unique<CountingBody>(size)));
    ASSERT_THAT(response, IsOk());
    EXPECT_EQ(response->head.status, 200);
    auto body = executor_.Await(http::ReadAll(response->body.get(), size));
    ASSERT_THAT(body, IsOk());
    ASSERT_EQ(body->size(), size);
    for (std::size_t i = 0; i < size; ++i) ASSERT_EQ((*body)[i], CountingBody::Byte(i)) << i;
  }

  TestExecutor executor_;
  Limits limits_;
  HubAddress address_ = testing::TestHubAddress();
  FakeHub hub_{executor_, limits_};
  EchoInstance instance_{executor_};
  std::optional<control::Registered> registered_;
  std::vector<control::Message> messages_;
  std::optional<Error> ended_;
  std::unique_ptr<AgentLink> agent_;
  Task<void> run_;
};

TEST_F(LinkTest, Registers) {
  hub_.answer->message = "welcome";
  hub_.answer->hub.version = "0.1";
  Connect();
  ASSERT_EQ(hub_.end().registrations.size(), 1u);
  EXPECT_EQ(hub_.end().registrations[0].client_id, "box-1");
  EXPECT_EQ(hub_.end().registrations[0].metadata.hostname, "box");
  EXPECT_EQ(hub_link().instance_id(), "box-1");
  ASSERT_TRUE(registered_.has_value());
  EXPECT_EQ(registered_->message, "welcome");
  EXPECT_EQ(registered_->hub.version, "0.1");
  EXPECT_TRUE(agent_->is_registered());
  EXPECT_TRUE(agent_->latency().has_value());
  EXPECT_TRUE(hub_link().latency().has_value());
}

TEST_F(LinkTest, SendsTheTokenInItsHeaderOnly) {
  Connect();
  const http::RequestHead& head = hub_.requests.at(0);
  EXPECT_EQ(head.target, "/ws/connect");
  EXPECT_EQ(head.protocol, "websocket");
  EXPECT_EQ(head.fields.Find("authorization"), "Bearer ao_1_2");
  EXPECT_EQ(head.fields.Find("sec-websocket-protocol"), "berth.h2");
  EXPECT_TRUE(IsTunnelRequest(head));
  EXPECT_EQ(hub_.end().registrations.at(0).user_token, "");
}

TEST_F(LinkTest, TellsAnAgentThatItIsRefused) {
  hub_.answer = control::Registered{.success = false, .message = "the id belongs to another user"};
  Connect();
  ASSERT_TRUE(ended_.has_value());
  EXPECT_EQ(ended_->kind, ErrorKind::kForbidden);
  EXPECT_NE(ended_->message.find("another user"), std::string::npos);
  ASSERT_TRUE(hub_.end().ended().has_value());
  EXPECT_EQ(hub_.end().ended()->kind, ErrorKind::kForbidden);
  EXPECT_THAT(Exchange(MakeRequest("/")), FailsWith(ErrorKind::kUnavailable));
}

TEST_F(LinkTest, AnIdleTunnelHasNoSession) {
  Connect();
  EXPECT_LT(hub_.cable->bytes, 400u);  // Frames of register, registered and pings, no HTTP/2.
  EXPECT_EQ(hub_link().stream_count(), 0u);
}

TEST_F(LinkTest, CarriesAnExchange) {
  Connect();
  auto response = Exchange(MakeRequest("/a?b=c"));
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->head.status, 200);
  EXPECT_EQ(response->head.fields.Find("x-target"), "/a?b=c");
}

TEST_F(LinkTest, CarriesBodiesBothWays) {
  Connect();
  ExpectEcho(1);
  ExpectEcho(3'000'000);
}

TEST_F(LinkTest, DoesNotCareHowTheBytesAreCut) {
  for (const std::size_t fragment : {1, 2, 7, 1000}) {
    hub_.fragment = fragment;
    Connect();
    ExpectEcho(fragment * 1000);
  }
}

TEST_F(LinkTest, CarriesUpgrades) {
  Connect();
  http::Request request = MakeRequest("/ws");
  request.head.protocol = "websocket";
  request.body = std::make_unique<CountingBody>(1000);
  auto response = Exchange(std::move(request));
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->head.status, 101);
  auto body = executor_.Await(http::ReadAll(response->body.get(), 1000));
  ASSERT_THAT(body, IsOk());
  EXPECT_EQ(body->size(), 1000u);
}

Task<void> EchoOne(http::Service& streams, std::size_t size, int& done) {
  auto response =
      co_await streams.Exchange(MakeRequest("/parallel", std::make_unique<CountingBody>(size)));
  if (!response) co_return;
  auto body = co_await http::ReadAll(response->body.get(), size);
  if (body && body->size() == size) ++done;
}

TEST_F(LinkTest, Carries200StreamsAtOnce) {
  Connect();
  int done = 0;
  std::vector<Task<void>> tasks;
  for (int i = 0; i < 200; ++i) {
    tasks.push_back(EchoOne(hub_link().streams(), 50'000, done));
    tasks.back().Start();
  }
  executor_.RunUntilIdle();
  EXPECT_EQ(done, 200);
}

TEST_F(LinkTest, FailsEveryExchangeAtOnceWhenTheConnectionBreaks) {
  Connect();
  auto waiting = hub_link().streams().Exchange(MakeRequest("/hang"));
  waiting.Start();
  auto streaming = Exchange(MakeRequest("/ws-like", std::make_unique<CountingBody>(10'000'000)));
  ASSERT_THAT(streaming, IsOk());
  EXPECT_EQ(instance_.running, 1);
  hub_.cable->Cut();
  executor_.RunUntilIdle();
  ASSERT_TRUE(waiting.is_done());
  EXPECT_THAT(waiting.Take(), FailsWith(ErrorKind::kUnavailable));
  EXPECT_THAT(executor_.Await(http::ReadAll(streaming->body.get(), 10'000'000)),
              FailsWith(ErrorKind::kUnavailable));
  EXPECT_THAT(Exchange(MakeRequest("/")), FailsWith(ErrorKind::kUnavailable));
  ASSERT_TRUE(ended_ && hub_.end().ended());
  EXPECT_EQ(ended_->kind, ErrorKind::kUnavailable);
  EXPECT_EQ(hub_.end().ended()->kind, ErrorKind::kUnavailable);
  EXPECT_EQ(instance_.running, 0);  // Cancelled at the agent as well.
}

TEST_F(LinkTest, ExchangesMayOutliveBothEnds) {
  Connect();
  auto waiting = hub_link().streams().Exchange(MakeRequest("/hang"));
  waiting.Start();
  auto streaming = Exchange(MakeRequest("/s", std::make_unique<CountingBody>(10'000'000)));
  ASSERT_THAT(streaming, IsOk());
  run_.Reset();
  agent_.reset();
  hub_.ends.clear();
  executor_.RunUntilIdle();
  ASSERT_TRUE(waiting.is_done());
  EXPECT_THAT(waiting.Take(), FailsWith(ErrorKind::kUnavailable));
  EXPECT_THAT(executor_.Await(http::ReadAll(streaming->body.get(), 10'000'000)),
              FailsWith(ErrorKind::kUnavailable));
}

TEST_F(LinkTest, CancelsAtTheAgentWhatIsDroppedAtTheHub) {
  Connect();
  auto waiting = hub_link().streams().Exchange(MakeRequest("/hang"));
  waiting.Start();
  executor_.RunUntilIdle();
  EXPECT_EQ(instance_.running, 1);
  waiting.Reset();
  executor_.RunUntilIdle();
  EXPECT_EQ(instance_.running, 0);
  ExpectEcho(10);  // The tunnel lives on.
}

TEST_F(LinkTest, BothEndsNoticeAHalfOpenConnectionWithin20Seconds) {
  Connect();
  auto waiting = hub_link().streams().Exchange(MakeRequest("/hang"));
  waiting.Start();
  executor_.RunUntilIdle();
  hub_.cable->Stall();
  executor_.Advance(20s - 1ms);
  EXPECT_FALSE(ended_.has_value());
  executor_.Advance(1ms);
  ASSERT_TRUE(ended_ && hub_.end().ended());
  EXPECT_EQ(ended_->kind, ErrorKind::kTimeout);
  EXPECT_EQ(hub_.end().ended()->kind, ErrorKind::kTimeout);
  ASSERT_TRUE(waiting.is_done());
  EXPECT_THAT(waiting.Take(), FailsWith(ErrorKind::kUnavailable));
}

TEST_F(LinkTest, AQuietTunnelStaysUp) {
  Connect();
  executor_.Advance(1h);
  EXPECT_FALSE(ended_.has_value());
  ExpectEcho(10);
}

TEST_F(LinkTest, PassesMessagesBothWays) {
  Connect();
  control::StatusUpdate update{.client_id = "box-1", .status = control::Status::kBusy};
  EXPECT_THAT(agent_->Send(update), IsOk());
  EXPECT_THAT(hub_link().Send(control::Command{control::Command::Kind::kRefreshStatus}), IsOk());
  executor_.RunUntilIdle();
  ASSERT_EQ(hub_.end().messages.size(), 1u);
  EXPECT_TRUE(hub_.end().messages[0] == control::Message(update));
  ASSERT_EQ(messages_.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<control::Command>(messages_[0]));
}

TEST_F(LinkTest, AFencedAgentIsToldAndDeliversNothingMore) {
  Connect();
  auto waiting = hub_link().streams().Exchange(MakeRequest("/hang"));
  waiting.Start();
  executor_.RunUntilIdle();
  EXPECT_THAT(agent_->Send(control::StatusUpdate{.client_id = "box-1"}), IsOk());
  hub_link().Fence("a newer agent has the id");
  executor_.RunUntilIdle();
  EXPECT_TRUE(hub_.end().messages.empty());
  ASSERT_TRUE(waiting.is_done());
  EXPECT_THAT(waiting.Take(), FailsWith(ErrorKind::kUnavailable));
  ASSERT_TRUE(ended_ && hub_.end().ended());
  EXPECT_EQ(ended_->kind, ErrorKind::kConflict);
  EXPECT_EQ(ended_->message, "a newer agent has the id");
  EXPECT_EQ(hub_.end().ended()->kind, ErrorKind::kConflict);
}

TEST_F(LinkTest, WhatAFencedAgentSentBeforeIsNotReadOn) {
  for (const bool is_fenced : {false, true}) {
    Connect();
    auto response = Exchange(MakeRequest("/", std::make_unique<CountingBody>(1'000'000)));
    ASSERT_THAT(response, IsOk());
    executor_.RunUntilIdle();
    EXPECT_GT(hub_.end().link.stream_count(), 0u);
    is_fenced ? hub_link().Fence("another one") : hub_.cable->Cut();
    executor_.RunUntilIdle();
    auto piece = executor_.Await(response->body->Read());
    EXPECT_EQ(piece.has_value(), !is_fenced);
  }
}

TEST_F(LinkTest, ARevokedTokenEndsTheTunnel) {
  Connect();
  hub_link().Close("the token was revoked", true);
  executor_.RunUntilIdle();
  ASSERT_TRUE(ended_ && hub_.end().ended());
  EXPECT_EQ(ended_->kind, ErrorKind::kUnauthorized);
  EXPECT_EQ(hub_.end().ended()->kind, ErrorKind::kCancelled);
}

TEST_F(LinkTest, TheDisconnectCommandEndsTheTunnel) {
  Connect();
  EXPECT_THAT(hub_link().Send(control::Command{control::Command::Kind::kDisconnect}), IsOk());
  executor_.RunUntilIdle();
  ASSERT_TRUE(ended_ && hub_.end().ended());
  EXPECT_EQ(ended_->kind, ErrorKind::kCancelled);
}

TEST_F(LinkTest, TheHubDrains) {
  Connect();
  auto waiting = hub_link().streams().Exchange(MakeRequest("/hang"));
  waiting.Start();
  executor_.RunUntilIdle();
  hub_link().Drain("the hub restarts");
  executor_.RunUntilIdle();
  EXPECT_THAT(Exchange(MakeRequest("/")), FailsWith(ErrorKind::kCancelled));
  EXPECT_FALSE(ended_.has_value());
  instance_.Release();
  executor_.Advance(2s);
  ASSERT_TRUE(waiting.is_done());
  EXPECT_THAT(waiting.Take(), IsOk());
  ASSERT_TRUE(ended_ && hub_.end().ended());
  EXPECT_EQ(ended_->kind, ErrorKind::kUnavailable);
  EXPECT_EQ(hub_.end().ended()->kind, ErrorKind::kCancelled);
}

TEST_F(LinkTest, TheAgentDrains) {
  Connect();
  auto waiting = hub_link().streams().Exchange(MakeRequest("/hang"));
  waiting.Start();
  executor_.RunUntilIdle();
  agent_->Drain("the agent stops");
  executor_.Advance(2s);
  EXPECT_THAT(Exchange(MakeRequest("/")), FailsWith(ErrorKind::kCancelled));
  EXPECT_FALSE(ended_.has_value());
  instance_.Release();
  executor_.Advance(2s);
  ASSERT_TRUE(waiting.is_done());
  EXPECT_THAT(waiting.Take(), IsOk());
  ASSERT_TRUE(ended_ && hub_.end().ended());
  EXPECT_EQ(ended_->kind, ErrorKind::kCancelled);
}

TEST_F(LinkTest, AnIdleTunnelDrainsAtOnce) {
  Connect();
  agent_->Drain("the agent stops");
  executor_.RunUntilIdle();
  ASSERT_TRUE(ended_ && hub_.end().ended());
  EXPECT_EQ(ended_->kind, ErrorKind::kCancelled);
}

TEST_F(LinkTest, SaysWhyAHubCannotBeUsed) {
  struct Case {
    int status;
    ErrorKind kind;
  };
  for (const Case c : {Case{401, ErrorKind::kUnauthorized}, Case{403, ErrorKind::kForbidden},
                       Case{404, ErrorKind::kInvalid}, Case{200, ErrorKind::kInvalid},
                       Case{429, ErrorKind::kUnavailable}, Case{502, ErrorKind::kUnavailable}}) {
    hub_.status = c.status;
    ended_.reset();
    Connect();
    ASSERT_TRUE(ended_.has_value()) << c.status;
    EXPECT_EQ(ended_->kind, c.kind) << c.status;
  }
}

TEST_F(LinkTest, SaysThatAVersion1HubIsTooOld) {
  hub_.is_version_1 = true;
  Connect();
  ASSERT_TRUE(ended_.has_value());
  EXPECT_EQ(ended_->kind, ErrorKind::kInvalid);
  EXPECT_NE(ended_->message.find("version 1"), std::string::npos);
}

TEST_F(LinkTest, GivesUpOnASilentHub) {
  hub_.is_silent = true;
  Connect();
  executor_.Advance(30s);
  ASSERT_TRUE(ended_.has_value());
  EXPECT_EQ(ended_->kind, ErrorKind::kTimeout);
}

TEST_F(LinkTest, GivesUpOnAHubThatDoesNotRegister) {
  hub_.is_serving = false;
  Connect();
  executor_.Advance(10s - 1ms);
  EXPECT_FALSE(ended_.has_value());
  executor_.Advance(1ms);
  ASSERT_TRUE(ended_.has_value());
  EXPECT_EQ(ended_->kind, ErrorKind::kTimeout);
}

TEST_F(LinkTest, DroppingAnEndAtAnyTimeIsSafe) {
  for (int steps = 0; steps < 3; ++steps) {
    Connect();
    if (steps > 0) ExpectEcho(1000);
    auto waiting = hub_link().streams().Exchange(MakeRequest("/hang"));
    waiting.Start();
    if (steps > 1) executor_.RunUntilIdle();
    run_.Reset();
    agent_.reset();
    executor_.RunUntilIdle();
    EXPECT_TRUE(waiting.is_done());
    EXPECT_TRUE(hub_.end().ended().has_value());
  }
}

}  // namespace
}  // namespace berth::tunnel
