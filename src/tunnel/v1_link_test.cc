// The agent's link to a hub of version 1.
#include <gtest/gtest.h>

#include "base/result_testing.h"
#include "tunnel/tunnel_testing.h"

namespace berth::tunnel {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

// The hub: the test says what it sends.
class FakeV1Hub : public http::Service {
 public:
  explicit FakeV1Hub(testing::TestExecutor& executor) : executor_(executor) {}

  Task<Result<http::Response>> Exchange(http::Request request) override {
    head = std::move(request.head);
    http::Response response;
    response.head.status = 101;
    channel = std::make_unique<http::WebSocketChannel>(executor_, http::WebSocketRole::kAcceptor,
                                                       std::move(request.body),
                                                       http::WebSocketChannel::Options());
    response.body = channel->TakeOutgoing();
    co_return response;
  }

  void Send(const control::Message& message) {
    ASSERT_TRUE(channel->SendText(control::Serialise(message)).has_value());
    executor_.RunUntilIdle();
  }
  /// The next message of the agent.
  control::Message Next() {
    auto event = executor_.Await(channel->Receive());
    if (!event || event->kind != http::WebSocketEvent::Kind::kText) return control::Unknown{"end"};
    auto message = control::Parse(event->text(), control::Sender::kAgent);
    return message ? *message : control::Message(control::Unknown{"invalid"});
  }

  http::RequestHead head;
  std::unique_ptr<http::WebSocketChannel> channel;

 private:
  testing::TestExecutor& executor_;
};

class V1LinkTest : public ::testing::Test, public AgentLink::Observer {
 protected:
  void OnRegistered(const control::Registered&) override { ++registered_; }
  Result<void> CheckHub(const control::Registered&) override { return Ok(); }
  void OnMessage(const control::Message& message) override { messages_.push_back(message); }

  void Connect() {
    limits_.ping_after = 30s;
    address_.protocol = Protocol::kVersion1;
    agent_ = std::make_unique<AgentLink>(executor_, limits_, address_, testing::TestRegistration(),
                                         hub_, instance_, *this);
    run_ = RunAgent();
    run_.Start();
    executor_.RunUntilIdle();
  }
  void Register() {
    Connect();
    hub_.Next();
    hub_.Send(control::Registered{.success = true, .message = {}, .hub = {}});
  }
  Task<void> RunAgent() { ended_ = co_await agent_->Run(); }

  testing::TestExecutor executor_;
  Limits limits_;
  HubAddress address_ = testing::TestHubAddress();
  FakeV1Hub hub_{executor_};
  testing::EchoInstance instance_{executor_};
  int registered_ = 0;
  std::vector<control::Message> messages_;
  std::optional<Error> ended_;
  std::unique_ptr<AgentLink> agent_;
  Task<void> run_;
};

TEST_F(V1LinkTest, SendsTheTokenInTheQueryAndInRegister) {
  Connect();
  EXPECT_EQ(hub_.head.target, "/ws/connect?token=ao_1_2&client_id=box-1");
  EXPECT_FALSE(hub_.head.fields.Has("authorization"));
  EXPECT_FALSE(hub_.head.fields.Has("sec-websocket-protocol"));
  const auto message = hub_.Next();
  ASSERT_TRUE(std::holds_alternative<control::Register>(message));
  EXPECT_EQ(std::get<control::Register>(message).user_token, "ao_1_2");
}

TEST_F(V1LinkTest, PingsAndGivesUpWithoutPong) {
  Register();
  EXPECT_EQ(registered_, 1);
  executor_.Advance(30s);
  EXPECT_TRUE(std::holds_alternative<control::Ping>(hub_.Next()));
  hub_.Send(control::Pong{"box-1"});
  executor_.Advance(30s);
  EXPECT_FALSE(ended_.has_value());
  EXPECT_TRUE(std::holds_alternative<control::Ping>(hub_.Next()));
  executor_.Advance(10s);
  ASSERT_TRUE(ended_.has_value());
  EXPECT_EQ(ended_->kind, ErrorKind::kTimeout);
}

TEST_F(V1LinkTest, PassesRequestsOn) {
  Register();
  control::HttpProxyRequest request;
  request.request_id = "r";
  request.method = "GET";
  request.path = "/";
  hub_.Send(request);
  ASSERT_EQ(messages_.size(), 1U);
  EXPECT_TRUE(messages_[0] == control::Message(request));
}

TEST_F(V1LinkTest, TakesRequestsBeyondTheTunnelsLimit) {
  Register();
  control::HttpProxyRequest request;
  request.request_id = "r";
  request.method = "POST";
  request.path = "/upload";
  request.body = std::string(limits_.control_message + 1, 'x');
  hub_.Send(request);
  ASSERT_EQ(messages_.size(), 1U);
  EXPECT_TRUE(messages_[0] == control::Message(request));
}

TEST_F(V1LinkTest, AnswersWhatItCannotReadAndStays) {
  Register();
  const auto answer_to = [this](std::string_view text) {
    EXPECT_TRUE(hub_.channel->SendText(text).has_value());
    executor_.RunUntilIdle();
    const auto message = hub_.Next();
    const auto* error = std::get_if<control::ErrorMessage>(&message);
    return error ? error->request_id + ": " + error->message : "no error";
  };
  EXPECT_EQ(answer_to("{}"), ": field \"type\" is not a string");
  EXPECT_EQ(answer_to(R"({"type":"user_request","request_id":"r"})"),
            "r: field \"action\" is missing");
  // Never an error for an error: the next answer is that to what follows.
  EXPECT_TRUE(hub_.channel->SendText(R"({"type":"error","message":7})").has_value());
  EXPECT_EQ(answer_to(R"({"type":7})"), ": field \"type\" is not a string");
  EXPECT_FALSE(ended_.has_value());
}

TEST_F(V1LinkTest, RefusesBinaryFrames) {
  Register();
  Event ready(executor_);
  bool is_sent = false;
  hub_.channel->SetBinarySource(
      [&is_sent](http::PayloadWriter& out, std::size_t) {
        if (!std::exchange(is_sent, true)) out.Append("PRI");
      },
      ready);
  executor_.RunUntilIdle();
  ASSERT_TRUE(ended_.has_value());
  EXPECT_EQ(ended_->kind, ErrorKind::kInvalid);
  hub_.channel->ClearBinarySource();
}

TEST_F(V1LinkTest, LeavesWhenItIsToldAndWhenItDrains) {
  Register();
  agent_->Drain("stopping");
  EXPECT_TRUE(std::holds_alternative<control::Unknown>(hub_.Next()));
  executor_.RunUntilIdle();
  ASSERT_TRUE(ended_.has_value());
  EXPECT_EQ(ended_->kind, ErrorKind::kCancelled);
}

}  // namespace
}  // namespace berth::tunnel
