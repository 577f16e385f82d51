#include "control/v1_chat.h"

#include <gtest/gtest.h>

#include "base/result_testing.h"

namespace berth::control {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;

TEST(V1ChatTest, TakesAFrameApartAndPutsItTogether) {
  const auto frame = ParseChatFrame(R"({"a": 1.10, "type":"claude-command","b":{"type":"x"}})");
  ASSERT_THAT(frame, IsOk());
  EXPECT_EQ(frame->action, "claude-command");
  EXPECT_EQ(frame->payload.text, R"({"a":1.10,"b":{"type":"x"}})");
  EXPECT_EQ(ComposeChatFrame(frame->action, frame->payload),
            R"({"a":1.10,"b":{"type":"x"},"type":"claude-command"})");
  EXPECT_EQ(ParseChatFrame(R"({"type":"close"})")->payload.text, "{}");
}

TEST(V1ChatTest, RefusesWhatIsNoChatFrame) {
  for (const std::string_view text : {"", "x", "[]", "{}", R"({"type":1})", R"({"type":""})"}) {
    EXPECT_THAT(ParseChatFrame(text), FailsWith(ErrorKind::kInvalid)) << text;
  }
  EXPECT_THAT(ParseChatFrame(R"({"type":")" + std::string(300, 'a') + R"("})"),
              FailsWith(ErrorKind::kInvalid));
}

TEST(V1ChatTest, ThePayloadsOwnTypeDoesNotCount) {
  EXPECT_EQ(ComposeChatFrame("a", {R"({"type":"b","x":1})"}), R"({"x":1,"type":"a"})");
  EXPECT_EQ(ComposeChatFrame("a", {"null"}), R"({"type":"a"})");
  EXPECT_EQ(ComposeChatFrame("a", {"[1]"}), R"({"type":"a"})");
}

TEST(V1ChatTest, DataIsJsonOrText) {
  EXPECT_EQ(ChatText({R"({"a":1})"}), R"({"a":1})");
  EXPECT_EQ(ChatText({R"("a\nb")"}), "a\nb");
  EXPECT_EQ(ChatText({"null"}), "null");
  EXPECT_EQ(ChatData(R"({"a":1})").text, R"({"a":1})");
  EXPECT_EQ(ChatData("hello").text, R"("hello")");
  EXPECT_EQ(ChatData(R"({"a":1,"a":2})").text.front(), '"');
}

TEST(V1ChatTest, ReadsHowAnAnswerEnds) {
  EXPECT_FALSE(ParseChatClose(std::nullopt).is_close);
  EXPECT_FALSE(ParseChatClose(Json{"null"}).is_close);
  EXPECT_FALSE(ParseChatClose(Json{R"({"code":"1000"})"}).is_close);
  const ChatClose close = ParseChatClose(ChatCloseData(4001, "gone"));
  EXPECT_TRUE(close.is_close);
  EXPECT_EQ(close.code, 4001);
  EXPECT_EQ(close.reason, "gone");
}

TEST(V1ChatTest, KnowsWhenARequestIsOver) {
  EXPECT_EQ(LifeOf("chat.subscribe"), ChatLife::kSession);
  EXPECT_EQ(LifeOf("abort-session"), ChatLife::kOneWay);
  EXPECT_TRUE(EndsChat(LifeOf("chat.send"), R"({"kind":"complete","seq":4})"));
  EXPECT_TRUE(EndsChat(LifeOf("claude-command"), R"({"type":"claude-complete"})"));
  EXPECT_FALSE(EndsChat(LifeOf("claude-command"), R"({"type":"claude-response"})"));
  EXPECT_TRUE(EndsChat(LifeOf("get-active-sessions"), R"({"type":"active-sessions"})"));
  EXPECT_FALSE(EndsChat(LifeOf("chat.subscribe"), R"({"kind":"complete"})"));
  EXPECT_FALSE(EndsChat(LifeOf("chat.send"), "no JSON"));
}

}  // namespace
}  // namespace berth::control
