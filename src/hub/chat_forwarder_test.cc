// forward_to_client: chat of a dashboard page, to an instance of version 1 and to one behind a
// tunnel.
#include "hub/chat_forwarder.h"

#include <gmock/gmock.h>

#include "hub/fake_link_testing.h"
#include "hub/hub_testing.h"
#include "hub/v1_calls.h"
#include "store/instances.h"

namespace berth::hub {
namespace {

using ::berth::testing::IsOk;

/// A live instance in the hands of the test: of version 1 if it has calls, else its chat socket.
class FakeInstance : public testing::FakeLink, public http::Service {
 public:
  explicit FakeInstance(Executor& executor) : executor_(executor) {}

  http::Service& streams() override { return *this; }
  std::shared_ptr<V1Calls> version_1() override { return calls; }

  Task<Result<http::Response>> Exchange(http::Request request) override {
    head = std::move(request.head);
    http::Response response;
    response.head.status = status;
    if (status != 101) co_return response;
    chat = std::make_unique<http::WebSocketChannel>(executor_, http::WebSocketRole::kAcceptor,
                                                    std::move(request.body),
                                                    http::WebSocketChannel::Options());
    response.body = chat->TakeOutgoing();
    co_return response;
  }

  std::shared_ptr<V1Calls> calls;
  int status = 101;  ///< The answer to an upgrade.
  http::RequestHead head;
  std::unique_ptr<http::WebSocketChannel> chat;

 private:
  Executor& executor_;
};

struct ChatForwarderTest : testing::HubFixture {
  std::vector<control::Message> sent;   ///< To the instance.
  std::vector<control::Message> heard;  ///< By the page.
  bool is_draining = false;             ///< A version-1 instance ends with the last request.
  FakeInstance instance{executor};
  identity::SessionPtr session;
  std::unique_ptr<ChatForwarder> forwarder;

  void SetUp() override {
    HubFixture::SetUp();
    ASSERT_THAT(registry.Connected("box-1", owner, {}, instance), IsOk());
    registry.Remember("away-1", owner, {}, time);
    SignIn(owner);
  }
  void SignIn(std::int64_t user) {
    auto created = executor.Await(identity.sessions().Create({.user_id = user}));
    ASSERT_THAT(created, IsOk());
    session = created->session;
    forwarder = std::make_unique<ChatForwarder>(
        hub, session, "https://hub.example",
        [this](const control::Message& message) { heard.push_back(message); });
  }
  void SpeakVersion1() {
    instance.calls = std::make_shared<V1Calls>(
        "box-1", 64,
        [this](const control::Message& message) -> Result<void> {
          sent.push_back(message);
          return Ok();
        },
        [this] {
          if (is_draining) instance.calls->Close();
        },
        SystemRandom());
  }

  void Forward(std::string request_id, std::string action = "claude-command",
               std::string payload = "{}", std::string id = "box-1") {
    forwarder->Forward({.client_id = std::move(id),
                        .request_id = std::move(request_id),
                        .action = std::move(action),
                        .payload = {std::move(payload)}});
    executor.RunUntilIdle();
  }
  bool Deliver(control::Message message) {
    const bool is_taken = instance.calls->Deliver(std::move(message));
    executor.RunUntilIdle();
    return is_taken;
  }
  const std::string& LastId() { return std::get<control::UserRequest>(sent.back()).request_id; }
  /// What the page heard since the last call, in short.
  std::string Heard() {
    std::string text;
    for (const auto& message : std::exchange(heard, {})) {
      if (const auto* error = std::get_if<control::ErrorMessage>(&message)) {
        text += fmt::format("{}! {};", error->request_id, error->message);
      } else {
        const auto& part = std::get<control::ForwardedResponse>(message);
        EXPECT_EQ(part.client_id, "box-1");
        text += fmt::format("{}{} {};", part.request_id, part.complete ? "." : "", part.data.text);
      }
    }
    return text;
  }
  /// The next frame on the instance's chat socket.
  std::string Said() {
    auto event = executor.Await(instance.chat->Receive());
    if (!event) return event.error().message;
    if (event->kind == http::WebSocketEvent::Kind::kClose) {
      return fmt::format("close {}", event->code);
    }
    return std::string(event->text());
  }
  void Answer(std::string_view text) {
    ASSERT_THAT(instance.chat->SendText(text), IsOk());
    executor.RunUntilIdle();
  }
};

TEST_F(ChatForwarderTest, AtVersion1ItIsAUserRequest) {
  SpeakVersion1();
  Forward("r", "claude-command", R"({"command":"hi"})");
  const auto& request = std::get<control::UserRequest>(sent.at(0));
  EXPECT_EQ(request.action, "claude-command");
  EXPECT_EQ(request.payload.text, R"({"command":"hi"})");
  EXPECT_NE(request.request_id, "r") << "pages choose ids that others chose too";
  const std::string id = request.request_id;
  EXPECT_TRUE(Deliver(control::UserResponseChunk{.request_id = id, .data = {"1"}}));
  EXPECT_TRUE(Deliver(control::UserResponse{.request_id = id, .data = {R"("two")"}}));
  EXPECT_EQ(Heard(), R"(r 1;r "two";)");
  EXPECT_TRUE(Deliver(control::UserResponseComplete{.request_id = id}));
  EXPECT_EQ(Heard(), "r. null;");
  EXPECT_FALSE(Deliver(control::UserResponseChunk{.request_id = id, .data = {"late"}}));
  EXPECT_EQ(instance.calls->size(), 0U);
  Forward("r");
  EXPECT_NE(LastId(), id) << "another request, not a follow-up";
}

TEST_F(ChatForwarderTest, AgainWithAnIdThatRunsItIsAFollowUp) {
  SpeakVersion1();
  Forward("a");
  const std::string first = LastId();
  Forward("b");
  Forward("a", "abort-session", R"({"sessionId":"s"})");
  const auto& follow = std::get<control::UserRequestFollowUp>(sent.back());
  EXPECT_EQ(follow.request_id, first);
  EXPECT_EQ(follow.payload.text, R"({"sessionId":"s","type":"abort-session"})");
}

TEST_F(ChatForwarderTest, AnErrorNamesTheRequestThatFailed) {
  SpeakVersion1();
  Forward("r");
  EXPECT_TRUE(Deliver(control::ErrorMessage{.request_id = LastId(), .message = "no model"}));
  EXPECT_EQ(Heard(), "r! no model;");
  Forward("s");
  instance.calls->Close();
  executor.RunUntilIdle();
  EXPECT_EQ(Heard(), "s! the instance went away;");
  Forward("t");
  EXPECT_EQ(Heard(), "t! the instance is not connected;");
}

TEST_F(ChatForwarderTest, AnAnswerThatIsTooLargeFailsItsRequestAlone) {
  SpeakVersion1();
  Forward("r");
  const std::string id = LastId();
  Forward("s");
  const std::string other_id = LastId();
  const auto data = [](std::size_t size) {
    return control::Json{fmt::format(R"("{}")", std::string(size - 2, 'x'))};
  };
  EXPECT_TRUE(
      Deliver(control::UserResponse{.request_id = id, .data = data(ChatForwarder::kMaxData)}));
  EXPECT_GT(Heard().size(), ChatForwarder::kMaxData);
  EXPECT_TRUE(
      Deliver(control::UserResponse{.request_id = id, .data = data(ChatForwarder::kMaxData + 1)}));
  EXPECT_EQ(Heard(),
            "r! an answer of the instance is larger than 4 MiB: read it on the instance's own "
            "page;");
  const auto& follow = std::get<control::UserRequestFollowUp>(sent.back());
  EXPECT_EQ(follow.request_id, id);
  EXPECT_EQ(follow.payload.text, R"({"type":"close","action":"close"})");
  EXPECT_TRUE(Deliver(control::UserResponse{.request_id = other_id, .data = {"1"}}));
  EXPECT_EQ(Heard(), "s 1;");
}

TEST_F(ChatForwarderTest, APageThatLeavesEndsItsRequests) {
  SpeakVersion1();
  Forward("r");
  const std::string id = LastId();
  is_draining = true;
  forwarder.reset();
  const auto& follow = std::get<control::UserRequestFollowUp>(sent.back());
  EXPECT_EQ(follow.request_id, id);
  EXPECT_EQ(follow.payload.text, R"({"type":"close","action":"close"})");
  EXPECT_EQ(instance.calls->size(), 0U);
}

TEST_F(ChatForwarderTest, OnlyForThoseWhoMayOperateIt) {
  SpeakVersion1();
  Forward("r", "claude-command", "{}", "nobody");
  EXPECT_EQ(Heard(), "r! no such instance;");
  Forward("r", "claude-command", "{}", "away-1");
  EXPECT_EQ(Heard(), "r! the instance is not connected;");
  const auto ben = store::EnsureUser(*other, "local", "ben", "ben", time).value();
  ASSERT_THAT(store::ClaimInstance(*other, "box-1", owner, "{}", time), IsOk());
  ASSERT_THAT(executor.Await(identity.people().Reload()), IsOk());
  SignIn(ben.id);
  Forward("r");
  EXPECT_EQ(Heard(), "r! no such instance;");
  for (const auto role : {store::ShareRole::kViewer, store::ShareRole::kOperator}) {
    ASSERT_THAT(executor.Await(identity.shares().Put({.instance_id = "box-1",
                                                      .subject = std::to_string(ben.id),
                                                      .role = role,
                                                      .created_by = owner})),
                IsOk());
    Forward("r");
    EXPECT_EQ(Heard(), role == store::ShareRole::kViewer ? "r! you may only look;" : "");
  }
  EXPECT_EQ(sent.size(), 1U);
  // What runs ends with what allowed it.
  ASSERT_THAT(executor.Await(identity.shares().RemoveAllOf("box-1")), IsOk());
  forwarder->OnAccessChanged();
  executor.RunUntilIdle();
  EXPECT_EQ(Heard(), "r! no such instance;");
  EXPECT_EQ(instance.calls->size(), 0U);
}

TEST_F(ChatForwarderTest, ManyRunSideBySideWithinABound) {
  SpeakVersion1();
  for (int i = 0; i < 32; ++i) Forward(fmt::format("{}", i));
  EXPECT_EQ(sent.size(), 32U);
  Forward("one-more");
  EXPECT_EQ(Heard(), "one-more! too many requests are under way;");
  const std::string third = std::get<control::UserRequest>(sent.at(3)).request_id;
  EXPECT_TRUE(Deliver(control::UserResponseComplete{.request_id = third, .data = {{"3"}}}));
  EXPECT_EQ(Heard(), "3. 3;");
  Forward("one-more");
  EXPECT_EQ(Heard(), "");
}

TEST_F(ChatForwarderTest, BehindATunnelItIsSaidOnTheInstancesOwnSocket) {
  Forward("r", "claude-command", R"({"command":"hi"})");
  ASSERT_NE(instance.chat, nullptr);
  EXPECT_EQ(instance.head.target, "/ws");
  EXPECT_EQ(instance.head.protocol, "websocket");
  EXPECT_EQ(Said(), R"({"command":"hi","type":"claude-command"})");
  Answer(R"({"type":"claude-response","data":1})");
  EXPECT_EQ(Heard(), R"(r {"type":"claude-response","data":1};)");
  Forward("r", "abort-session", R"({"sessionId":"s"})");
  EXPECT_EQ(Said(), R"({"sessionId":"s","type":"abort-session"})");
  Answer(R"({"type":"claude-complete"})");
  EXPECT_EQ(Said(), "close 1000");
  executor.RunUntilIdle();
  EXPECT_EQ(Heard(), R"(r {"type":"claude-complete"};r. null;)");
}

TEST_F(ChatForwarderTest, BehindATunnelTheEndOfTheSocketIsTheEnd) {
  Forward("r", "chat.subscribe");
  Said();
  instance.chat->Close(4123, "over");
  executor.RunUntilIdle();
  EXPECT_EQ(Heard(), R"(r. {"code":4123,"reason":"over"};)");
  instance.status = 404;
  Forward("s");
  EXPECT_EQ(Heard(), "s! the instance's chat answered 404;");
}

}  // namespace
}  // namespace berth::hub
