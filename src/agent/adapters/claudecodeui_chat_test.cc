#include "agent/adapters/claudecodeui_chat.h"

#include <gtest/gtest.h>

namespace berth::agent {
namespace {

/// An unmasked frame.
std::string Frame(std::string_view payload, int first_byte = 0x81) {
  std::string frame(1, static_cast<char>(first_byte));
  if (payload.size() < 126) {
    frame += static_cast<char>(payload.size());
  } else if (payload.size() < 65536) {
    frame += static_cast<char>(126);
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size());
  } else {
    frame += static_cast<char>(127);
    for (int shift = 56; shift >= 0; shift -= 8) {
      frame += static_cast<char>(static_cast<std::uint64_t>(payload.size()) >> shift);
    }
  }
  return frame.append(payload);
}

std::string Request(std::string_view id, std::string_view session) {
  return fmt::format(
      R"({{"kind":"permission_request","requestId":"{}","toolName":"Bash","input":{{}},"sessionId":"{}"}})",
      id, session);
}

void Feed(ChatWatch& watch, std::string_view bytes) { watch.OnBytes(net::AsBytes(bytes)); }

struct ChatWatchTest : ::testing::Test {
  /// How many sessions wait for their user.
  std::size_t waiting() const {
    const auto list = sessions.List();
    return static_cast<std::size_t>(
        std::ranges::count(list, true, [](const auto& session) { return session.needs_you; }));
  }

  ChatSessions sessions{SystemWallClock()};
  ChatWatch watch{sessions};
};

TEST_F(ChatWatchTest, SeesAQuestionAndItsAnswer) {
  Feed(watch, Frame(R"({"kind":"text","content":"hello"})") + Frame(Request("q1", "s1")));
  EXPECT_EQ(waiting(), 1U);
  Feed(watch, Frame(R"({"kind":"permission_resolved","requestId":"q1","sessionId":"s1"})"));
  EXPECT_EQ(waiting(), 0U);
}

TEST_F(ChatWatchTest, ReadsOneByteAtATime) {
  const std::string long_text = R"({"kind":"text","content":")" + std::string(70'000, 'x') + "\"}";
  const std::string bytes =
      Frame(long_text) + Frame("ping", 0x89) + Frame("", 0x81) + Frame(Request("q1", "s1"));
  for (const char byte : bytes) Feed(watch, {&byte, 1});
  EXPECT_EQ(waiting(), 1U);
}

TEST_F(ChatWatchTest, JoinsFragmentsAroundAPing) {
  const std::string text = Request("q1", "s1");
  Feed(watch, Frame(text.substr(0, 5), 0x01) + Frame("", 0x89) + Frame(text.substr(5, 40), 0x00) +
                  Frame(text.substr(45), 0x80));
  EXPECT_EQ(waiting(), 1U);
}

TEST_F(ChatWatchTest, IsNotFooledByTextThatLooksLikeAMessage) {
  Feed(watch, Frame(R"({"kind":"text","content":"{\"kind\":\"permission_request\"}"})"));
  Feed(watch, Frame(Request("q1", "s1"), 0x82));  // Binary.
  EXPECT_EQ(waiting(), 0U);
}

TEST_F(ChatWatchTest, GivesUpOnWhatItCannotRead) {
  Feed(watch, Frame("compressed", 0xc1));
  Feed(watch, Frame(Request("q1", "s1")));
  EXPECT_EQ(waiting(), 0U);
}

TEST_F(ChatWatchTest, KeepsAQuestionAboutAWholeFileButNotEveryLongText) {
  std::string question = Request("q1", "s1");
  question.insert(question.size() - 1, R"(,"x":")" + std::string(500'000, 'x') + '"');
  Feed(watch, Frame(question));
  EXPECT_EQ(waiting(), 1U);
  Feed(watch,
       Frame(R"({"kind":"error","sessionId":"s1","content":")" + std::string(70'000, 'x') + "\"}"));
  Feed(watch, Frame(R"({"kind":"complete","sessionId":"s1","success":false})"));
  ASSERT_EQ(sessions.List().size(), 1U);
  EXPECT_EQ(sessions.List()[0].error, "the run failed");
}

// Up to 1.37.2 it is the only sign of an answer, and "kind" is not its first member.
TEST_F(ChatWatchTest, SeesTheResultOfATool) {
  Feed(watch, Frame(Request("q1", "s1")));
  Feed(watch, Frame(R"({"id":"m_1","sessionId":"s1","provider":"claude","kind":"text"})"));
  EXPECT_EQ(waiting(), 1U);
  Feed(watch, Frame(R"({"id":"m_2","sessionId":"s1","provider":"claude","kind":"tool_result",)"
                    R"("content":"done"})"));
  EXPECT_EQ(waiting(), 0U);
}

TEST_F(ChatWatchTest, SeesTheResultOfAToolHoweverMuchTheToolSaid) {
  const std::string result =
      R"({"id":"m_2","sessionId":"s1","provider":"claude","kind":"tool_result","content":")" +
      std::string(2'000'000, 'x') + "\"}";
  Feed(watch, Frame(Request("q1", "s1")) + Frame(result));
  EXPECT_EQ(waiting(), 0U);
  Feed(watch, Frame(Request("q2", "s1")));
  EXPECT_EQ(waiting(), 1U);
  for (const char byte : Frame(result)) Feed(watch, {&byte, 1});
  EXPECT_EQ(waiting(), 0U);
}

TEST_F(ChatWatchTest, AResultWithinWhatAToolWasToldIsNone) {
  Feed(watch, Frame(Request("q1", "s1")));
  Feed(watch, Frame(R"({"id":"m_2","sessionId":"s1","x":{"kind":"tool_result"},"kind":"text"})"));
  EXPECT_EQ(waiting(), 1U);
}

// So are the failures of OpenCode and Codex.
TEST_F(ChatWatchTest, SeesWhyARunOfATranscriptFailed) {
  Feed(watch, Frame(R"({"id":"m_1","sessionId":"s1","timestamp":"2026-01-02T03:04:05.000Z",)"
                    R"("provider":"opencode","kind":"error","content":"no credit left","x":")" +
                    std::string(1000, 'x') + "\"}"));
  Feed(watch, Frame(R"({"kind":"complete","sessionId":"s1","success":false})"));
  ASSERT_EQ(sessions.List().size(), 1U);
  EXPECT_EQ(sessions.List()[0].error, "no credit left");
}

}  // namespace
}  // namespace berth::agent
