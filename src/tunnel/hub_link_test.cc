// The hub's end against peers that misbehave: a WebSocket channel in the hands of the test.
#include "tunnel/hub_link.h"

#include <gtest/gtest.h>

#include "base/result_testing.h"
#include "tunnel/tunnel_testing.h"

namespace berth::tunnel {
namespace {

using namespace std::chrono_literals;
using berth::testing::FailsWith;
using berth::testing::IsOk;
using berth::testing::TestExecutor;
using testing::HubEnd;

constexpr std::string_view kRegister =
    R"({"type":"register","client_id":"box-1","metadata":{"hostname":"box"}})";

class HubLinkTest : public ::testing::Test {
 protected:
  HubLinkTest() { Connect(); }

  // A new link, with these limits.
  void Connect() {
    receiving_.Reset();
    http::WebSocketChannel::Options options;
    options.max_queued = 8 * 1024 * 1024;
    peer_ =
        std::make_unique<http::WebSocketChannel>(executor_, http::WebSocketRole::kDialer, options);
    end_ = std::make_unique<HubEnd>(executor_, limits_, peer_->TakeOutgoing());
    http::Response response = end_->link.TakeResponse();
    EXPECT_EQ(response.head.status, 101);
    EXPECT_EQ(response.head.fields.Find("sec-websocket-protocol"), "berth.h2");
    peer_->Attach(std::move(response.body));
    end_->Start();
    receiving_ = Receive();
    receiving_.Start();
  }

  // What the hub says, one line per message; then "closed CODE".
  Task<void> Receive() {
    for (;;) {
      auto event = co_await peer_->Receive();
      if (!event) co_return;
      if (event->kind == http::WebSocketEvent::Kind::kText) {
        said_ += fmt::format("{}\n", event->text());
      } else if (event->kind == http::WebSocketEvent::Kind::kClose) {
        said_ += fmt::format("closed {}\n", event->code);
        co_return;
      }
    }
  }
  // Sends one text frame; returns what the hub says to it.
  std::string Say(std::string_view text) {
    EXPECT_THAT(peer_->SendText(text), IsOk());
    executor_.RunUntilIdle();
    return std::exchange(said_, {});
  }

  TestExecutor executor_;
  Limits limits_;
  std::string said_;
  std::unique_ptr<http::WebSocketChannel> peer_;
  std::unique_ptr<HubEnd> end_;
  Task<void> receiving_;
};

TEST_F(HubLinkTest, AnswersARegistration) {
  EXPECT_EQ(Say(kRegister), "{\"type\":\"registered\",\"success\":true}\n");
  EXPECT_TRUE(end_->link.is_registered());
}

TEST_F(HubLinkTest, ClosesOnAnythingButARegistrationFirst) {
  EXPECT_EQ(Say(R"({"type":"ping","client_id":"box-1"})"),
            "{\"type\":\"error\",\"message\":\"the first message must be a valid register\"}\n"
            "closed 1008\n");
  ASSERT_TRUE(end_->ended().has_value());
  EXPECT_EQ(end_->ended()->kind, ErrorKind::kInvalid);
}

TEST_F(HubLinkTest, ClosesOnAMalformedFirstMessage) {
  const std::string said = Say("{");
  EXPECT_NE(said.find("not acceptable JSON"), std::string::npos);
  EXPECT_NE(said.find("closed 1008"), std::string::npos);
}

TEST_F(HubLinkTest, RefusesIdsThatCannotStandInAPath) {
  const std::string said = Say(R"({"type":"register","client_id":"../admin","metadata":{}})");
  EXPECT_NE(said.find("not usable as an id"), std::string::npos);
  EXPECT_NE(said.find("closed 1008"), std::string::npos);
  EXPECT_TRUE(end_->registrations.empty());
}

TEST_F(HubLinkTest, DoesNotWaitForeverForARegistration) {
  executor_.Advance(10s);
  EXPECT_NE(said_.find("closed 1008"), std::string::npos);
  ASSERT_TRUE(end_->ended().has_value());
  EXPECT_EQ(end_->ended()->kind, ErrorKind::kTimeout);
}

TEST_F(HubLinkTest, ASilentPeerThatNeverAnswersItsCloseFrameGoesToo) {
  receiving_.Reset();  // It reads nothing at all.
  executor_.Advance(10s + 5s);
  EXPECT_TRUE(end_->ended().has_value());
}

TEST_F(HubLinkTest, AnswersABadMessageWithAnErrorAndStays) {
  Say(kRegister);
  const std::string_view hostile[] = {
      "",
      "[]",
      "{",
      R"({"type":"status_update","client_id":"box-1"})",
      R"({"type":"status_update","client_id":"box-1","status":"idle","status":"busy"})",
      R"({"type":"status_update","client_id":"other-1","status":"busy"})",
      R"({"type":"command","command":"disconnect"})",
      R"({"type":"forward_to_client","client_id":"a","request_id":"r","action":"x","payload":1})",
      R"({"type":"registered","success":true})",
      R"({"type":"register","client_id":"box-1","metadata":{}})",
      R"({"type":"register","client_id":"other-1","metadata":{}})",
      R"({"type":"ping","client_id":"other-1"})"};
  for (const std::string_view text : hostile) {
    EXPECT_EQ(Say(text).find("{\"type\":\"error\",\"message\":"), 0u) << text;
  }
  EXPECT_TRUE(end_->messages.empty());
  EXPECT_EQ(end_->registrations.size(), 1u);
  EXPECT_FALSE(end_->ended().has_value());
  EXPECT_EQ(Say(R"({"type":"ping","client_id":"box-1"})"),
            "{\"type\":\"pong\",\"client_id\":\"box-1\"}\n");
}

TEST_F(HubLinkTest, IgnoresUnknownTypes) {
  Say(kRegister);
  EXPECT_EQ(Say(R"({"type":"from_the_future"})"), "");
  ASSERT_EQ(end_->messages.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<control::Unknown>(end_->messages[0]));
}

TEST_F(HubLinkTest, ClosesOnAMessageBeyondOneMegabyte) {
  Say(kRegister);
  const std::string head = R"({"type":"ping","x":")";
  const std::string fits = head + std::string(1024 * 1024 - head.size() - 2, 'x') + "\"}";
  EXPECT_EQ(Say(fits), "{\"type\":\"pong\",\"client_id\":\"box-1\"}\n");
  EXPECT_EQ(Say(fits + " "), "closed 1009\n");
  ASSERT_TRUE(end_->ended().has_value());
  EXPECT_EQ(end_->ended()->kind, ErrorKind::kTooLarge);
}

TEST_F(HubLinkTest, AFencedAgentDeliversNothingMore) {
  Say(kRegister);
  end_->link.Fence("another one");
  EXPECT_THAT(peer_->SendText(R"({"type":"status_update","client_id":"box-1","status":"busy"})"),
              IsOk());
  executor_.RunUntilIdle();
  EXPECT_TRUE(end_->messages.empty());
  EXPECT_EQ(said_, "{\"type\":\"fenced\",\"message\":\"another one\"}\nclosed 1008\n");
}

TEST_F(HubLinkTest, StreamsComeAfterTheRegistration) {
  const auto asked = executor_.Await(end_->link.streams().Exchange(testing::MakeRequest("/")));
  EXPECT_THAT(asked, FailsWith(ErrorKind::kUnavailable));
}

TEST_F(HubLinkTest, ARegistrationIsNoLongMessage) {
  const std::string head = R"({"type":"register","client_id":"box-1","metadata":{},"x":")";
  const std::string fits = head + std::string(kMaxFirstMessage - head.size() - 2, 'x') + "\"}";
  EXPECT_EQ(Say(fits + " "), "closed 1009\n");
  ASSERT_TRUE(end_->ended().has_value());
  EXPECT_EQ(end_->ended()->kind, ErrorKind::kTooLarge);
}

TEST_F(HubLinkTest, ALongRegistrationOpensTheWayToLongerMessages) {
  const std::string head = R"({"type":"register","client_id":"box-1","metadata":{},"x":")";
  Say(head + std::string(kMaxFirstMessage - head.size() - 2, 'x') + "\"}");
  EXPECT_TRUE(end_->link.is_registered());
  const std::string ping = R"({"type":"ping","x":")" + std::string(kMaxFirstMessage, 'x') + "\"}";
  EXPECT_EQ(Say(ping), "{\"type\":\"pong\",\"client_id\":\"box-1\"}\n");
}

TEST_F(HubLinkTest, RefusesStreamsThatTheHubDidNotOpen) {
  Say(kRegister);
  Event ready(executor_);
  bool sent = false;
  peer_->SetBinarySource(
      [&](http::PayloadWriter& out, std::size_t) {
        if (!std::exchange(sent, true)) out.Append("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
      },
      ready);
  executor_.RunUntilIdle();
  EXPECT_EQ(said_, "closed 1003\n");
  ASSERT_TRUE(end_->ended().has_value());
  EXPECT_EQ(end_->ended()->kind, ErrorKind::kInvalid);
  peer_->ClearBinarySource();
}

TEST_F(HubLinkTest, ClosesOnBinaryThatIsNotHttp2) {
  Say(kRegister);
  auto exchange = end_->link.streams().Exchange(testing::MakeRequest("/"));
  exchange.Start();
  Event ready(executor_);
  bool sent = false;
  peer_->SetBinarySource(
      [&](http::PayloadWriter& out, std::size_t) {
        if (!std::exchange(sent, true)) out.Append(std::string(100, '\xFF'));
      },
      ready);
  executor_.RunUntilIdle();
  ASSERT_TRUE(exchange.is_done());
  EXPECT_FALSE(exchange.Take().has_value());
  EXPECT_NE(said_.find("closed 1001"), std::string::npos);
  EXPECT_TRUE(end_->ended().has_value());
  peer_->ClearBinarySource();
}

TEST_F(HubLinkTest, AFloodOfAnswersThatNobodyReadsEndsTheLink) {
  limits_.control_message = 16 * 1024;  // Four of them may wait.
  Connect();
  Say(kRegister);
  receiving_.Reset();
  // Each message costs the sender 2 bytes and us an error of 60 that waits to be read.
  for (int i = 0; i < 120'000 && peer_->is_open(); ++i) EXPECT_THAT(peer_->SendText("{"), IsOk());
  executor_.RunUntilIdle();
  ASSERT_TRUE(end_->ended().has_value());
  EXPECT_NE(end_->ended()->message.find("does not read"), std::string::npos);
}

TEST(IsTunnelRequestTest, NeedsTheSubprotocol) {
  http::RequestHead head;
  head.protocol = "websocket";
  EXPECT_FALSE(IsTunnelRequest(head));
  head.fields.Add("sec-websocket-protocol", "chat, berth.h2");
  EXPECT_TRUE(IsTunnelRequest(head));
  head.protocol = "";
  EXPECT_FALSE(IsTunnelRequest(head));
}

}  // namespace
}  // namespace berth::tunnel
