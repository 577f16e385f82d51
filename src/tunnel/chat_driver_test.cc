#include "tunnel/chat_driver.h"

#include <gtest/gtest.h>

#include "base/executor_testing.h"

namespace berth::tunnel {
namespace {

using berth::testing::TestExecutor;
using std::chrono_literals::operator""s;

class ChatDriverTest : public ::testing::Test {
 protected:
  // The instance's side: accepts the socket, or answers `status_`, or never answers (0).
  Task<Result<http::Response>> Open(http::BodyPtr outgoing) {
    if (status_ == 0) co_await Sleep(executor_, 1000s);
    if (is_held_) co_await release_.Wait();
    http::Response response;
    response.head.status = status_;
    if (status_ != 101) co_return response;
    instance_ = std::make_unique<http::WebSocketChannel>(executor_, http::WebSocketRole::kAcceptor,
                                                         std::move(outgoing),
                                                         http::WebSocketChannel::Options());
    response.body = instance_->TakeOutgoing();
    co_return response;
  }

  void Start(std::string action, std::string payload) {
    run_ = driver_.Run(std::move(action), {std::move(payload)});
    run_.Start();
    executor_.RunUntilIdle();
  }
  /// The next frame that the instance gets: its text, or "close CODE".
  std::string Next() {
    auto event = executor_.Await(instance_->Receive());
    if (!event) return event.error().message;
    if (event->kind == http::WebSocketEvent::Kind::kClose) {
      return "close " + std::to_string(event->code);
    }
    return std::string(event->text());
  }
  void Answer(std::string_view text) {
    ASSERT_TRUE(instance_->SendText(text).has_value());
    executor_.RunUntilIdle();
  }
  ChatEnd End() {
    executor_.RunUntilIdle();
    if (!run_.is_done()) return {.error = "it still runs"};
    return run_.Take();
  }

  TestExecutor executor_;
  Limits limits_;
  int status_ = 101;
  bool is_held_ = false;  // The answer waits for release_.
  Event release_{executor_};
  std::unique_ptr<http::WebSocketChannel> instance_;
  std::vector<std::string> data_;
  ChatDriver driver_{executor_, limits_,
                     [this](http::BodyPtr outgoing) { return Open(std::move(outgoing)); },
                     [this](control::Json data) { data_.push_back(std::move(data.text)); }};
  Task<ChatEnd> run_;
};

TEST_F(ChatDriverTest, ARunEndsWithItsLastFrame) {
  Start("claude-command", R"({"command":"hi"})");
  EXPECT_EQ(Next(), R"({"command":"hi","type":"claude-command"})");
  Answer(R"({"type":"claude-response","data":1})");
  Answer("no JSON");
  Answer(R"({"type":"claude-complete"})");
  EXPECT_EQ(Next(), "close 1000");
  const ChatEnd end = End();
  EXPECT_EQ(end.error, "");
  EXPECT_FALSE(end.is_closed);
  EXPECT_EQ(data_, (std::vector<std::string>{R"({"type":"claude-response","data":1})",
                                             R"("no JSON")", R"({"type":"claude-complete"})"}));
}

TEST_F(ChatDriverTest, ASessionLastsUntilItIsClosed) {
  Start("chat.subscribe", "{}");
  EXPECT_EQ(Next(), R"({"type":"chat.subscribe"})");
  Answer(R"({"kind":"complete"})");
  driver_.FollowUp({R"({"type":"chat.send"})"});
  EXPECT_EQ(Next(), R"({"type":"chat.send"})");
  driver_.FollowUp({"17"});
  driver_.FollowUp({R"({"type":"close"})"});
  EXPECT_EQ(Next(), "close 1000");
  const ChatEnd end = End();
  EXPECT_EQ(end.error, "");
  EXPECT_FALSE(end.is_closed);
}

TEST_F(ChatDriverTest, TellsHowTheInstanceClosed) {
  Start("chat.subscribe", "{}");
  Next();
  instance_->Close(4123, "over");
  const ChatEnd end = End();
  EXPECT_TRUE(end.is_closed);
  EXPECT_EQ(end.code, 4123);
  EXPECT_EQ(end.reason, "over");
}

TEST_F(ChatDriverTest, AnInstanceWithoutChatIsAnError) {
  status_ = 404;
  Start("claude-command", "{}");
  EXPECT_EQ(End().error, "the instance's chat answered 404");
}

TEST_F(ChatDriverTest, GivesUpOnASocketThatNeverOpens) {
  status_ = 0;
  Start("claude-command", "{}");
  driver_.FollowUp({R"({"type":"chat.send"})"});
  executor_.Advance(limits_.connect_timeout);
  EXPECT_EQ(End().error, "the instance's chat cannot be reached");
}

TEST_F(ChatDriverTest, WhatIsSaidBeforeItOpensIsBounded) {
  status_ = 0;
  limits_.version1_request = 1000;
  const std::string text = R"({"type":"chat.send","text":")" + std::string(970, 'a') + "\"}";
  Start("claude-command", "{}");
  for (int i = 0; i < 4; ++i) driver_.FollowUp({text});
  EXPECT_EQ(End().error, "it still runs");
  driver_.FollowUp({text});
  EXPECT_EQ(End().error, "too much was said before the chat was open");
}

TEST_F(ChatDriverTest, CloseAsksForNothing) {
  Start("close", "{}");
  EXPECT_EQ(End().error, "");
  EXPECT_EQ(instance_, nullptr);
}

TEST_F(ChatDriverTest, ACloseThatMeetsTheOpeningIsNotLost) {
  is_held_ = true;
  Start("chat.subscribe", "{}");
  release_.Set();
  driver_.Close();
  EXPECT_EQ(End().error, "");
}

TEST_F(ChatDriverTest, AnInstanceThatBreaksOffIsAnError) {
  Start("chat.subscribe", "{}");
  Next();
  instance_->Abort(Unavailable("gone"));
  EXPECT_EQ(End().error, "the instance's chat broke off");
}

}  // namespace
}  // namespace berth::tunnel
