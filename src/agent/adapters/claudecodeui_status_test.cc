#include "agent/adapters/claudecodeui_status.h"

#include <gmock/gmock.h>

#include "agent/adapters/claudecodeui_status_testing.h"

namespace berth::agent {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kAsks;
using testing::kNoneRuns;
using testing::kRunning;
using testing::kSubscribe;
using Outcome = control::AnswerResult::Outcome;

constexpr std::string_view kPending = R"({"type":"get-pending-permissions","sessionId":"s1"})";
constexpr std::string_view kStillAsks =
    R"({"kind":"chat_subscribed","sessionId":"s1","isProcessing":true,"pendingPermissions":[{"requestId":"q1"}]})";
constexpr std::string_view kResolved =
    R"({"kind":"permission_resolved","requestId":"q1","sessionId":"s1"})";

class ChatStatusTest : public testing::ChatStatusFixture {};

const control::Answer kAllow{
    .request_id = "r", .session_id = "s1", .question_id = "q1", .allow = true};

TEST_F(ChatStatusTest, FollowsEachRunOnItsOwnSocket) {
  Begin();
  EXPECT_THAT(Shown(), ElementsAre("s1 busy"));
  EXPECT_THAT(Heard(), ElementsAre(kSubscribe));
  Refresh();
  EXPECT_THAT(Heard(), IsEmpty());
  Say(kAsks);
  EXPECT_THAT(Shown(), ElementsAre("s1 needs_you"));
  Say(kResolved);
  EXPECT_THAT(Shown(), ElementsAre("s1 busy"));
  Say(R"({"kind":"complete","sessionId":"s1","success":true})");
  EXPECT_THAT(Shown(), IsEmpty());
  instance_.OnJson(std::string(kRunning), 200,
                   R"({"data":{"sessions":[{"sessionId":"s1","startedAt":1700000004000}]}})");
  Refresh();
  EXPECT_THAT(Shown(), ElementsAre("s1 busy"));
  EXPECT_THAT(Heard(), ElementsAre(kSubscribe));
}

TEST_F(ChatStatusTest, HearsOfARunThatBeginsBeforeItAsks) {
  Begin(kNoneRuns);
  int news = 0;
  status_.SetOnNews([&news] { ++news; });
  Say(R"({"kind":"session_upserted","sessionId":"s1","session":{"summary":"x"}})");
  EXPECT_EQ(news, 1);
  EXPECT_THAT(Heard(), ElementsAre(kSubscribe));
  Say(R"({"kind":"chat_subscribed","sessionId":"s1","isProcessing":true,"pendingPermissions":[]})");
  EXPECT_THAT(Shown(), ElementsAre("s1 busy"));
}

TEST_F(ChatStatusTest, FollowsAQuestionBeyondTheEndOfItsRun) {
  Begin();
  Say(R"({"kind":"complete","sessionId":"s1","success":true})");
  Say(kAsks);
  instance_.OnJson(std::string(kRunning), 200, std::string(kNoneRuns));
  Refresh();
  Heard();
  Refresh();
  EXPECT_THAT(Shown(), ElementsAre("s1 needs_you"));
  EXPECT_THAT(Heard(), ElementsAre(kSubscribe));
  auto answer = Start(kAllow);
  Say(R"({"kind":"chat_subscribed","sessionId":"s1","isProcessing":false,"pendingPermissions":[{"requestId":"q1"}]})");
  Say(kResolved);
  EXPECT_EQ(answer.Take().outcome, Outcome::kSent);
  Refresh();
  EXPECT_THAT(Shown(), IsEmpty());
}

TEST_F(ChatStatusTest, SubscribesAgainOnANewConnection) {
  Begin();
  Heard();
  Drop();
  executor_.Advance(seconds(1));
  Refresh();
  EXPECT_THAT(Heard(), ElementsAre(kSubscribe));
}

TEST_F(ChatStatusTest, ConnectsWithTheCredentialAndOnlyWhileWatched) {
  Begin();
  const auto& head = *std::ranges::find(instance_.heads, "/ws", &http::RequestHead::target);
  EXPECT_THAT(std::string(head.fields.Find("authorization").value_or("")),
              ::testing::StartsWith("Bearer ey"));
  status_.SetWatched(false);
  executor_.Advance(seconds(60));
  EXPECT_EQ(instance_.Count("GET /ws"), 1);
}

// Before 1.37.3 that would take the stream away from its page.
TEST_F(ChatStatusTest, NeverSubscribesWhereTheAudienceIsNotShared) {
  info_.version = "1.37.2";
  Begin();
  Say(R"({"kind":"session_upserted","sessionId":"s1"})");
  Refresh();
  EXPECT_THAT(Shown(), ElementsAre("s1 busy"));
  EXPECT_THAT(Heard(), IsEmpty());
}

TEST_F(ChatStatusTest, AsksAnOldInstanceOverItsSocket) {
  info_.version = "";
  Begin("");  // A page instead of the list.
  EXPECT_THAT(Heard(), ElementsAre(R"({"type":"get-active-sessions"})"));
  Say(R"({"type":"active-sessions","sessions":{"claude":["s1"]}})");
  EXPECT_THAT(Shown(), ElementsAre("s1 busy"));
  EXPECT_THAT(Heard(), ElementsAre(kPending));
  Refresh();
  EXPECT_THAT(Heard(), ElementsAre(R"({"type":"get-active-sessions"})"));
  EXPECT_EQ(instance_.Count(kRunning), 1);
  Say(R"({"type":"pending-permissions-response","sessionId":"s1","data":[{"requestId":"q1","toolName":"Bash"}]})");
  EXPECT_THAT(Shown(), ElementsAre("s1 needs_you"));
  auto answer = Start(kAllow);
  EXPECT_THAT(Heard(),
              ElementsAre(kPending,
                          R"({"requestId":"q1","allow":true,"type":"claude-permission-response"})",
                          kPending));
  Say(R"({"type":"pending-permissions-response","sessionId":"s1","data":[{"requestId":"q1","toolName":"Bash"}]})");
  EXPECT_FALSE(answer.is_done());
  Say(R"({"type":"pending-permissions-response","sessionId":"s1","data":[]})");
  EXPECT_EQ(answer.Take().outcome, Outcome::kSent);
}

TEST_F(ChatStatusTest, AsksForTitlesById) {
  instance_.OnJson("GET /api/providers/sessions/s1", 200,
                   R"({"data":{"summary":"Fix the door","project":{"displayName":"house"}}})");
  Begin();
  const auto shown = status_.Sessions();
  EXPECT_EQ(shown[0].title, "Fix the door");
  EXPECT_EQ(shown[0].project, "house");
  EXPECT_EQ(shown[0].since, FromUnixMs(1'700'000'000'000));
  Refresh();
  EXPECT_EQ(instance_.Count("GET /api/providers/sessions/s1"), 1);
  EXPECT_EQ(instance_.Count("GET /api/projects"), 0);
}

TEST_F(ChatStatusTest, AsksAgainForATitleNowAndThen) {
  Begin();
  for (int i = 0; i < 40; ++i) {
    executor_.Advance(std::chrono::milliseconds(500));
    Refresh();
  }
  EXPECT_EQ(instance_.Count("GET /api/providers/sessions/s1"), 2);
}

TEST_F(ChatStatusTest, GivesAnAnswerAndHearsThatItWasTaken) {
  Begin();
  Say(kAsks);
  Heard();
  auto answer = Start(kAllow);
  EXPECT_THAT(Heard(),
              ElementsAre(kSubscribe,
                          R"({"requestId":"q1","allow":true,"type":"chat.permission-response"})"));
  Say(kStillAsks);
  EXPECT_FALSE(answer.is_done());
  Say(kResolved);
  const auto result = answer.Take();
  EXPECT_EQ(result.outcome, Outcome::kSent);
  EXPECT_EQ(result.request_id, "r");
}

TEST_F(ChatStatusTest, DeniesWithAReason) {
  Begin();
  Say(kAsks);
  Heard();
  auto answer =
      Start({.session_id = "s1", .question_id = "q1", .allow = false, .message = "not today"});
  EXPECT_THAT(Heard()[1], HasSubstr(R"("allow":false)"));
  executor_.Advance(seconds(9));
  const auto result = answer.Take();
  EXPECT_EQ(result.outcome, Outcome::kUnconfirmed);
  EXPECT_EQ(result.message, "the instance did not confirm the answer");
}

TEST_F(ChatStatusTest, FillsInWhatTheUserChose) {
  Begin();
  Say(R"({"kind":"permission_request","requestId":"q1","toolName":"AskUserQuestion","sessionId":"s1",)"
      R"("input":{"questions":[{"question":"Which?"}]}})");
  Heard();
  auto answer = Start(
      {.session_id = "s1", .question_id = "q1", .allow = true, .answers = {{"Which?", "Blue"}}});
  EXPECT_THAT(
      Heard()[1],
      HasSubstr(
          R"("updatedInput":{"questions":[{"question":"Which?"}],"answers":{"Which?":"Blue"}})"));
}

TEST_F(ChatStatusTest, SaysThatSomebodyElseAnswered) {
  Begin();
  EXPECT_EQ(executor_.Await(status_.GiveAnswer(kAllow)).outcome, Outcome::kGone);
  Say(kAsks);
  auto first = Start(kAllow);
  // Of two at once one is first.
  EXPECT_EQ(executor_.Await(status_.GiveAnswer(kAllow)).outcome, Outcome::kGone);
  // At the machine somebody was faster.
  Say(kResolved);
  EXPECT_EQ(first.Take().outcome, Outcome::kGone);
  // Of another session.
  Say(kAsks);
  control::Answer other = kAllow;
  other.session_id = "s2";
  EXPECT_EQ(executor_.Await(status_.GiveAnswer(other)).outcome, Outcome::kGone);
}

TEST_F(ChatStatusTest, CannotAnswerWithoutAConnection) {
  Begin();
  Say(kAsks);
  Drop();
  EXPECT_EQ(executor_.Await(status_.GiveAnswer(kAllow)).outcome, Outcome::kFailed);
}

}  // namespace
}  // namespace berth::agent
