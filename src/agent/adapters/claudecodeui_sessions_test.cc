#include "agent/adapters/claudecodeui_sessions.h"

#include <gmock/gmock.h>

#include "base/executor_testing.h"

namespace berth::agent {
namespace {

using control::SessionState;
using ::testing::ElementsAre;
using Origin = claudecodeui::Origin;

std::string Request(std::string_view id, std::string_view session, std::string_view tool = "Bash",
                    std::string_view input = R"({"command":"ls"})") {
  return fmt::format(
      R"({{"kind":"permission_request","requestId":"{}","toolName":"{}","input":{},"sessionId":"{}","timestamp":"2023-11-14T22:13:30.000Z"}})",
      id, tool, input, session);
}

std::string Complete(std::string_view session, std::string_view how) {
  return fmt::format(R"({{"kind":"complete","sessionId":"{}",{}}})", session, how);
}

constexpr std::string_view kStillAsks =
    R"({"kind":"chat_subscribed","sessionId":"s1","isProcessing":true,"pendingPermissions":[{"requestId":"q1"}]})";

struct ChatSessionsTest : ::testing::Test {
  ChatSessionsTest() {
    sessions.SetSaysResolved(true);
    sessions.SetOnChange([this] { ++changes; });
  }

  void Hear(std::string_view text, Origin origin = Origin::kObserver) {
    sessions.OnMessage(text, origin);
  }
  void Run(std::vector<std::string> ids) {
    std::vector<claudecodeui::RunningSession> running;
    for (std::string& id : ids) running.push_back({.id = std::move(id)});
    sessions.SetRunning(running, sessions.Now());
  }
  /// "id state", in order.
  std::vector<std::string> Shown() const {
    std::vector<std::string> shown;
    for (const auto& one : sessions.List()) {
      shown.push_back(one.id + ' ' + std::string(ToString(one.state)));
    }
    return shown;
  }

  berth::testing::TestExecutor executor;
  WallTime time = FromUnixMs(1'700'000'000'000);  // 2023-11-14T22:13:20Z
  ChatSessions sessions{[this] { return time; }};
  int changes = 0;
};

TEST_F(ChatSessionsTest, RunAsTheInstanceLists) {
  sessions.SetRunning(
      {{.id = "s1", .provider = "claude", .started_at = time - std::chrono::hours(1)},
       {.id = "s2"}},
      sessions.Now());
  EXPECT_THAT(Shown(), ElementsAre("s1 busy", "s2 busy"));
  EXPECT_EQ(sessions.List()[0].since, time - std::chrono::hours(1));
  EXPECT_EQ(sessions.List()[0].provider, "claude");
  EXPECT_EQ(sessions.List()[1].since, time);
  Run({"s2"});
  EXPECT_THAT(Shown(), ElementsAre("s2 busy"));
  const int before = changes;
  Run({"s2"});
  EXPECT_EQ(changes, before);
}

TEST_F(ChatSessionsTest, WaitForTheirUserUntilAnswered) {
  Run({"s1"});
  time += std::chrono::seconds(10);
  Hear(Request("q1", "s1"));
  const auto asking = sessions.List()[0];
  EXPECT_TRUE(asking.is_busy);
  EXPECT_TRUE(asking.needs_you);
  EXPECT_EQ(asking.state, SessionState::kNeedsYou);
  EXPECT_EQ(asking.since, time);
  EXPECT_EQ(asking.reason, "asks to use Bash");
  ASSERT_TRUE(asking.question);
  EXPECT_EQ(asking.question->id, "q1");
  EXPECT_EQ(asking.question->kind, control::Question::Kind::kPermission);
  EXPECT_EQ(asking.question->text, R"({"command":"ls"})");
  Hear(R"({"kind":"tool_result","sessionId":"s1"})");  // Of another tool that runs beside it.
  EXPECT_THAT(Shown(), ElementsAre("s1 needs_you"));
  time += std::chrono::seconds(5);
  Hear(R"({"kind":"permission_resolved","requestId":"q1","sessionId":"s1"})");
  EXPECT_THAT(Shown(), ElementsAre("s1 busy"));
  EXPECT_EQ(sessions.List()[0].since, time);
}

TEST_F(ChatSessionsTest, ShowTheOldestOfTheirQuestionsFirst) {
  Run({"s1"});
  Hear(Request("q2", "s1"));
  Hear(
      R"({"kind":"permission_request","requestId":"q1","toolName":"AskUserQuestion","sessionId":"s1",)"
      R"("input":{"questions":[]},"timestamp":"2023-11-14T22:13:21.000Z"})");
  EXPECT_EQ(sessions.List()[0].question->id, "q1");
  EXPECT_EQ(sessions.List()[0].question->kind, control::Question::Kind::kQuestion);
  EXPECT_EQ(sessions.List()[0].reason, "asks you a question");
  Hear(R"({"kind":"permission_cancelled","requestId":"q1","reason":"timeout"})");
  EXPECT_EQ(sessions.List()[0].question->id, "q2");
}

TEST_F(ChatSessionsTest, QuestionsAreOverWithTheirRun) {
  for (const char* end : {R"("success":false,"aborted":true)", R"("success":false,"exitCode":1)"}) {
    Run({"s1"});
    Hear(Request("q1", "s1"));
    Hear(Complete("s1", end));
    EXPECT_EQ(sessions.Find("s1", "q1"), nullptr);
    sessions.Seen("s1");
    time += std::chrono::minutes(1);
  }
  Run({});
  EXPECT_EQ(sessions.size(), 0U);
  sessions.SetSaysResolved(false);
  Run({"s1"});
  Hear(Request("q2", "s1"));
  Run({});
  EXPECT_EQ(sessions.Find("s1", "q2"), nullptr);
  EXPECT_EQ(sessions.size(), 0U);
}

// From 1.37.3 a run is over with its turn, and what it left in the background asks all the same.
TEST_F(ChatSessionsTest, AQuestionOutlivesItsRunUntilItIsResolved) {
  const std::string ends[] = {
      R"({"kind":"permission_resolved","requestId":"q1","sessionId":"s1"})",
      R"({"kind":"permission_cancelled","requestId":"q1","reason":"timeout"})",
      R"({"kind":"chat_subscribed","sessionId":"s1","isProcessing":false,"pendingPermissions":[]})",
  };
  for (const std::string& end : ends) {
    for (const bool is_asked_before : {false, true}) {
      Run({"s1"});
      if (is_asked_before) Hear(Request("q1", "s1"));
      Hear(Complete("s1", R"("success":true,"aborted":false,"exitCode":0)"));
      Hear(Request("q1", "s1"));
      for (int i = 0; i < 3; ++i) {
        Run({});
        Hear(
            R"({"kind":"chat_subscribed","sessionId":"s1","isProcessing":false,"pendingPermissions":[{"requestId":"q1"}]})");
        EXPECT_THAT(Shown(), ElementsAre("s1 needs_you"));
      }
      Hear(end);
      EXPECT_EQ(sessions.Find("s1", "q1"), nullptr);
      Run({});
      EXPECT_TRUE(Shown().empty());
      time += std::chrono::minutes(1);
    }
  }
}

TEST_F(ChatSessionsTest, AreKnownAgainAfterAReload) {
  Hear(
      R"({"kind":"chat_subscribed","sessionId":"s1","isProcessing":true,"pendingPermissions":)"
      R"([{"requestId":"q7","toolName":"Write","input":{},"receivedAt":"2023-11-14T22:13:21.000Z"}]})",
      Origin::kBrowser);
  EXPECT_THAT(Shown(), ElementsAre("s1 needs_you"));
  Hear(R"({"kind":"chat_subscribed","sessionId":"s1","isProcessing":true,"pendingPermissions":[]})",
       Origin::kBrowser);
  EXPECT_THAT(Shown(), ElementsAre("s1 busy"));
  Hear(
      R"({"kind":"chat_subscribed","sessionId":"s1","isProcessing":false,"pendingPermissions":[]})",
      Origin::kBrowser);
  EXPECT_TRUE(Shown().empty());
}

TEST_F(ChatSessionsTest, AFailureStaysUntilItIsSeen) {
  Run({"s1"});
  Hear(R"({"kind":"error","content":"no credit left","sessionId":"s1"})");
  EXPECT_THAT(Shown(), ElementsAre("s1 busy"));
  Hear(Complete("s1", R"("success":false,"aborted":false,"exitCode":3)"));
  Run({});
  ASSERT_THAT(Shown(), ElementsAre("s1 error"));
  EXPECT_EQ(sessions.List()[0].error, "no credit left");
  EXPECT_EQ(sessions.List()[0].since, time);
  EXPECT_FALSE(sessions.List()[0].is_busy);
  const char* opened =
      R"({"kind":"chat_subscribed","sessionId":"s1","isProcessing":false,"pendingPermissions":[]})";
  Hear(opened);  // By ourselves: nobody saw it.
  EXPECT_THAT(Shown(), ElementsAre("s1 error"));
  Hear(opened, Origin::kBrowser);
  EXPECT_TRUE(Shown().empty());
}

TEST_F(ChatSessionsTest, ANewRunIsWorthMoreThanTheLastFailure) {
  Hear(Complete("s1", R"("success":false,"aborted":false,"exitCode":1)"));
  EXPECT_THAT(Shown(), ElementsAre("s1 error"));
  EXPECT_EQ(sessions.List()[0].error, "the run failed");
  Run({"s1"});
  EXPECT_THAT(Shown(), ElementsAre("s1 busy"));
  Run({});
  EXPECT_TRUE(Shown().empty());
}

TEST_F(ChatSessionsTest, StoppingARunIsNoFailure) {
  Run({"s1"});
  Hear(Complete("s1", R"("success":false,"aborted":true,"exitCode":1)"));
  time += std::chrono::seconds(3);
  Hear(Complete("s1", R"("exitCode":143)"));  // 1.34: how the stopped process ended.
  Run({});
  EXPECT_TRUE(Shown().empty());
}

TEST_F(ChatSessionsTest, OneEndHeardTwiceIsSeenOnce) {
  Run({"s1"});
  const std::string end = Complete("s1", R"("success":false,"aborted":false,"exitCode":1)");
  Hear(end, Origin::kBrowser);
  sessions.Seen("s1");
  Hear(end);
  EXPECT_TRUE(Shown().empty());
}

TEST_F(ChatSessionsTest, ARunThatIsGoneAfterAnErrorHasFailed) {
  Run({"s1"});
  Hear(R"({"kind":"error","content":"crashed","sessionId":"s1"})");
  Run({});
  EXPECT_THAT(Shown(), ElementsAre("s1 error"));
  // Unless its end is heard yet, and was none.
  Hear(Complete("s1", R"("exitCode":0)"));
  EXPECT_TRUE(Shown().empty());
}

TEST_F(ChatSessionsTest, MessagesWinOverAnswersToOlderQuestions) {
  Run({"s1"});
  const ChatSessions::Moment asked = sessions.Now();
  Hear(Complete("s1", R"("success":true)"));
  Hear(R"({"kind":"chat_subscribed","sessionId":"s2","isProcessing":true})");
  sessions.SetRunning({{.id = "s1"}}, asked);
  EXPECT_THAT(Shown(), ElementsAre("s2 busy"));
  Run({"s1"});
  EXPECT_THAT(Shown(), ElementsAre("s1 busy"));
}

TEST_F(ChatSessionsTest, ARunThatFollowsAtOnceIsAnotherOne) {
  sessions.SetRunning({{.id = "s1", .started_at = time}}, sessions.Now());
  const auto first = sessions.Running();
  sessions.SetRunning({{.id = "s1", .started_at = time}}, sessions.Now());
  EXPECT_EQ(sessions.Running(), first);
  time += std::chrono::seconds(1);
  sessions.SetRunning({{.id = "s1", .started_at = time}}, sessions.Now());
  EXPECT_NE(sessions.Running(), first);
  EXPECT_EQ(sessions.List()[0].since, time);
}

TEST_F(ChatSessionsTest, TellWhoAnsweredFirst) {
  Run({"s1"});
  const char* resolved = R"({"kind":"permission_resolved","requestId":"q1","sessionId":"s1"})";
  const auto answer = [this] {
    auto answering = std::make_shared<Answering>(executor);
    sessions.Find("s1", "q1")->answering = answering;
    return answering;
  };
  // Still open when ours went out.
  Hear(Request("q1", "s1"));
  auto answering = answer();
  Hear(kStillAsks);
  EXPECT_FALSE(answering->ended.is_set());
  Hear(resolved);
  EXPECT_TRUE(answering->ended.is_set());
  EXPECT_EQ(answering->how, QuestionEnd::kAnswered);
  // Somebody was faster, and we hear of it before or after.
  Hear(Request("q1", "s1"));
  answering = answer();
  Hear(resolved);
  EXPECT_EQ(answering->how, QuestionEnd::kElsewhere);
  Hear(Request("q1", "s1"));
  answering = answer();
  Hear(
      R"({"kind":"chat_subscribed","sessionId":"s1","isProcessing":true,"pendingPermissions":[]})");
  EXPECT_EQ(answering->how, QuestionEnd::kElsewhere);
  // The run went on, and was over before we heard.
  Hear(Request("q1", "s1"));
  answering = answer();
  Hear(kStillAsks);
  Hear(Complete("s1", R"("success":false)"));
  EXPECT_EQ(answering->how, QuestionEnd::kAnswered);
  // A page hears of it before we do: only our own socket tells who it was.
  Run({"s1"});
  Hear(Request("q1", "s1"));
  answering = answer();
  Hear(resolved, Origin::kBrowser);
  EXPECT_FALSE(answering->ended.is_set());
  Hear(kStillAsks);
  Hear(resolved);
  EXPECT_EQ(answering->how, QuestionEnd::kAnswered);
  // The run was stopped.
  Hear(Request("q1", "s1"));
  answering = answer();
  Hear(Complete("s1", R"("aborted":true,"success":false)"));
  EXPECT_EQ(answering->how, QuestionEnd::kOver);
}

TEST_F(ChatSessionsTest, CanBeAskedInTheOldWay) {
  sessions.SetSaysResolved(false);
  Hear(
      R"({"type":"active-sessions","sessions":{"claude":["s1"],"cursor":[],"codex":[{"id":"s2","startedAt":"2023-11-14T22:13:00.000Z"}],"odd":7}})");
  EXPECT_THAT(Shown(), ElementsAre("s1 busy", "s2 busy"));
  EXPECT_EQ(sessions.List()[1].provider, "codex");
  const char* asks =
      R"({"type":"pending-permissions-response","sessionId":"s1","data":[{"requestId":"q1","toolName":"Bash","input":{}}]})";
  Hear(asks);
  EXPECT_THAT(Shown(), ElementsAre("s1 needs_you", "s2 busy"));
  Hear(R"({"type":"pending-permissions-response","sessionId":"s1","data":[]})");
  EXPECT_THAT(Shown(), ElementsAre("s1 busy", "s2 busy"));
  Hear(R"({"type":"active-sessions","sessions":{"claude":[],"codex":[]}})");
  EXPECT_TRUE(Shown().empty());
  Hear(R"({"kind":"complete","sessionId":"s1","exitCode":2})");
  EXPECT_THAT(Shown(), ElementsAre("s1 error"));
  Hear(R"({"type":"session-status","sessionId":"s1","isProcessing":false})", Origin::kBrowser);
  EXPECT_TRUE(Shown().empty());
}

// Up to 1.34 a new session has no id yet when it first asks.
TEST_F(ChatSessionsTest, AQuestionWithoutASessionIsOfOneThatRuns) {
  Run({"s1"});
  Hear(R"({"kind":"permission_request","requestId":"q1","toolName":"Bash","sessionId":""})");
  EXPECT_THAT(Shown(), ElementsAre("s1 needs_you"));
  EXPECT_NE(sessions.Find("s1", "q1"), nullptr);
  Run({});
  EXPECT_EQ(sessions.Find("s1", "q1"), nullptr);
}

TEST_F(ChatSessionsTest, HaveTheInstancesNames) {
  Run({"s1"});
  EXPECT_THAT(sessions.Untitled(), ElementsAre("s1"));
  std::string upserted;
  sessions.SetOnUpserted([&upserted](std::string_view id) { upserted = id; });
  Hear(
      R"({"kind":"session_upserted","sessionId":"s1","session":{"id":"s1","summary":"Fix it"},"project":{"displayName":"berth"}})");
  EXPECT_EQ(upserted, "s1");
  EXPECT_EQ(sessions.List()[0].title, "Fix it");
  EXPECT_EQ(sessions.List()[0].project, "berth");
  EXPECT_TRUE(sessions.Untitled().empty());
}

TEST_F(ChatSessionsTest, AreBounded) {
  for (int i = 0; i < 1000; ++i) {
    Hear(Request(fmt::format("q{}", i), fmt::format("s{}", i % 100)));
    Hear(Complete(fmt::format("f{}", i), R"("success":false)"));
    Hear(R"({"kind":"error","content":"x","sessionId":"e)" + std::to_string(i) + "\"}");
  }
  EXPECT_LE(sessions.size(), 128U);
  EXPECT_LE(sessions.List().size(), 64U);
}

TEST_F(ChatSessionsTest, AFailureMakesRoomForNewerOnes) {
  for (int i = 0; i < 100; ++i) {
    Hear(Complete(fmt::format("f{:03}", i), R"("success":false)"));
    time += std::chrono::seconds(1);
  }
  EXPECT_EQ(Shown().size(), 64U);
  EXPECT_EQ(Shown().back(), "f099 error");
}

TEST_F(ChatSessionsTest, QuestionsFitIntoOneMessage) {
  for (int i = 0; i < 64; ++i) {
    Hear(Request(fmt::format("q{}", i), fmt::format("s{}", i), "Write",
                 "{\"content\":\"" + std::string(60'000, 'x') + "\"}"));
  }
  const auto list = sessions.List();
  ASSERT_EQ(list.size(), 64U);
  EXPECT_LE(list[0].question->text.size(), control::kMaxQuestion);
  EXPECT_THAT(list[0].question->text, ::testing::EndsWith("… (60014 bytes in all)"));
  std::size_t total = 0;
  for (const auto& session : list) total += session.question->text.size();
  EXPECT_LE(total, control::kMaxQuestions + 64 * 200);
}

TEST_F(ChatSessionsTest, SaysOfEachQuestionWhetherItIsShownWhole) {
  Hear(Request("q00", "s00", "Write", "{\"content\":\"" + std::string(60'000, 'x') + "\"}"));
  for (int i = 1; i < 16; ++i) {
    Hear(Request(fmt::format("q{:02}", i), fmt::format("s{:02}", i), "Write",
                 "{\"content\":\"" + std::string(10'000, 'x') + "\"}"));
  }
  const auto list = sessions.List();
  ASSERT_EQ(list.size(), 16U);
  EXPECT_TRUE(list[0].question->is_cut);
  EXPECT_FALSE(list[1].question->is_cut);
  EXPECT_EQ(list[1].question->text.size(), 10'014U);
  // Those before took the room of one message.
  EXPECT_TRUE(list[15].question->is_cut);
  EXPECT_THAT(list[15].question->text, ::testing::EndsWith("… (10014 bytes in all)"));
}

}  // namespace
}  // namespace berth::agent
