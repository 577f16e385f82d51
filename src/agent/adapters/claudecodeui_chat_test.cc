#include "agent/adapters/claudecodeui_chat.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

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

TEST(ChatWatch, SeesAQuestionAndItsAnswer) {
  OpenQuestions questions;
  int changes = 0;
  questions.SetOnChange([&changes] { ++changes; });
  ChatWatch watch(questions);
  Feed(watch, Frame(R"({"kind":"text","content":"hello"})") + Frame(Request("q1", "s1")));
  EXPECT_EQ(questions.size(), 1U);
  EXPECT_EQ(changes, 1);
  std::vector<control::SessionInfo> running{{.id = "s1", .is_busy = true},
                                            {.id = "s2", .is_busy = true}};
  questions.AddTo(running);
  EXPECT_TRUE(running[0].needs_you);
  EXPECT_EQ(running[0].reason, "asks to use Bash");
  EXPECT_FALSE(running[1].needs_you);
  Feed(watch, Frame(R"({"kind":"permission_resolved","requestId":"q1","sessionId":"s1"})"));
  EXPECT_EQ(questions.size(), 0U);
  EXPECT_EQ(changes, 2);
}

TEST(ChatWatch, ReadsOneByteAtATime) {
  OpenQuestions questions;
  ChatWatch watch(questions);
  const std::string long_text = R"({"kind":"text","content":")" + std::string(70'000, 'x') + "\"}";
  const std::string bytes =
      Frame(long_text) + Frame("ping", 0x89) + Frame("", 0x81) + Frame(Request("q1", "s1"));
  for (const char byte : bytes) Feed(watch, {&byte, 1});
  EXPECT_EQ(questions.size(), 1U);
}

TEST(ChatWatch, JoinsFragmentsAroundAPing) {
  OpenQuestions questions;
  ChatWatch watch(questions);
  const std::string text = Request("q1", "s1");
  Feed(watch, Frame(text.substr(0, 5), 0x01) + Frame("", 0x89) + Frame(text.substr(5, 40), 0x00) +
                  Frame(text.substr(45), 0x80));
  EXPECT_EQ(questions.size(), 1U);
}

TEST(ChatWatch, IsNotFooledByTextThatLooksLikeAMessage) {
  OpenQuestions questions;
  ChatWatch watch(questions);
  Feed(watch, Frame(R"({"kind":"text","content":"{\"kind\":\"permission_request\"}"})"));
  Feed(watch, Frame(Request("q1", "s1"), 0x82));  // Binary.
  EXPECT_EQ(questions.size(), 0U);
}

TEST(ChatWatch, GivesUpOnWhatItCannotRead) {
  OpenQuestions questions;
  ChatWatch watch(questions);
  Feed(watch, Frame("compressed", 0xc1));
  Feed(watch, Frame(Request("q1", "s1")));
  EXPECT_EQ(questions.size(), 0U);
}

TEST(OpenQuestions, AreOverWithTheirRun) {
  OpenQuestions questions;
  for (const char* end :
       {R"({"kind":"complete","sessionId":"s1"})", R"({"kind":"tool_result","sessionId":"s1"})",
        R"({"kind":"chat_subscribed","sessionId":"s1","pendingPermissions":[]})",
        R"({"kind":"permission_cancelled","requestId":"q1"})"}) {
    questions.OnMessage(Request("q1", "s1"));
    EXPECT_EQ(questions.size(), 1U);
    questions.OnMessage(end);
    EXPECT_EQ(questions.size(), 0U) << end;
  }
  questions.OnMessage(Request("q1", "s1"));
  std::vector<control::SessionInfo> nothing_runs;
  questions.AddTo(nothing_runs);
  EXPECT_EQ(questions.size(), 0U);
}

TEST(OpenQuestions, AreKnownAgainAfterAReload) {
  OpenQuestions questions;
  questions.OnMessage(
      R"({"kind":"chat_subscribed","sessionId":"s1","pendingPermissions":[{"requestId":"q7","toolName":"AskUserQuestion"}]})");
  EXPECT_EQ(questions.size(), 1U);
}

TEST(OpenQuestions, AreBounded) {
  OpenQuestions questions;
  for (int i = 0; i < 1000; ++i) questions.OnMessage(Request(std::to_string(i), "s1"));
  EXPECT_EQ(questions.size(), 64U);
}

TEST(ParseRunningSessions, TakesWhatItKnows) {
  const auto sessions = ParseRunningSessions(boost::json::parse(
      R"({"success":true,"data":{"sessions":[{"sessionId":"a","provider":"claude"},{"x":1},7]}})"));
  ASSERT_EQ(sessions.size(), 1U);
  EXPECT_EQ(sessions[0].id, "a");
  EXPECT_EQ(sessions[0].provider, "claude");
  EXPECT_TRUE(sessions[0].is_busy);
  EXPECT_TRUE(ParseRunningSessions(boost::json::parse(R"([1])")).empty());
  EXPECT_TRUE(ParseRunningSessions(boost::json::parse(R"({"data":{"sessions":{}}})")).empty());
}

}  // namespace
}  // namespace berth::agent
