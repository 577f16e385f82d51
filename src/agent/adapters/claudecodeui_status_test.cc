#include "agent/adapters/claudecodeui_status.h"

#include <gmock/gmock.h>

#include "agent/adapters/fake_database_testing.h"
#include "agent/fake_instance_testing.h"
#include "agent/worker_testing.h"
#include "base/executor_testing.h"
#include "base/result_testing.h"
#include "base/temp_folder_testing.h"
#include "http/websocket.h"

namespace berth::agent {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Outcome = control::AnswerResult::Outcome;

constexpr std::string_view kRunning = "GET /api/providers/sessions/running";
constexpr std::string_view kOneRuns =
    R"({"data":{"sessions":[{"sessionId":"s1","provider":"claude","startedAt":1700000000000}]}})";
constexpr std::string_view kNoneRuns = R"({"data":{"sessions":[]}})";
constexpr std::string_view kSubscribe =
    R"({"type":"chat.subscribe","sessions":[{"sessionId":"s1","lastSeq":1000000000}]})";
constexpr std::string_view kPending = R"({"type":"get-pending-permissions","sessionId":"s1"})";
constexpr std::string_view kAsks =
    R"({"kind":"permission_request","requestId":"q1","toolName":"Bash","input":{"command":"ls"},"sessionId":"s1"})";
constexpr std::string_view kStillAsks =
    R"({"kind":"chat_subscribed","sessionId":"s1","isProcessing":true,"pendingPermissions":[{"requestId":"q1"}]})";
constexpr std::string_view kResolved =
    R"({"kind":"permission_resolved","requestId":"q1","sessionId":"s1"})";

class ChatStatusTest : public ::testing::Test {
 protected:
  ChatStatusTest() {
    testing::MakeDatabase(folder_.path() / "db" / "auth.db", "hush");
    testing::AddUser(folder_.path() / "db" / "auth.db", 1, "alice");
    info_ = {.host = "127.0.0.1", .port = 3001, .version = "1.37.3"};
    instance_.OnJson("GET /api/auth/user", 200, R"({"user":{"id":1}})");
    instance_.OnUpgrade([this](http::BodyPtr incoming) { incoming_ = std::move(incoming); });
    instance_.On("GET /ws", [this](const http::RequestHead&, const std::string&) {
      reading_.Cancel();
      socket_ = std::make_unique<http::WebSocketChannel>(executor_, http::WebSocketRole::kAcceptor,
                                                         http::WebSocketChannel::Options{});
      socket_->Attach(std::move(incoming_));
      http::Response response;
      response.head.status = 101;
      response.body = socket_->TakeOutgoing();
      reading_ = Job(executor_, "instance", ReadAll());
      return response;
    });
  }
  ~ChatStatusTest() override {
    status_.SetWatched(false);
    reading_.Cancel();
  }

  Task<void> ReadAll() {
    for (;;) {
      auto event = co_await socket_->Receive();
      if (!event || event->kind == http::WebSocketEvent::Kind::kClose) co_return;
      if (event->kind == http::WebSocketEvent::Kind::kText) heard_.emplace_back(event->text());
    }
  }

  /// Finds the instance, which then lists `running`, and connects to its chat.
  void Begin(std::string_view running = kOneRuns) {
    if (!running.empty()) instance_.OnJson(std::string(kRunning), 200, std::string(running));
    status_.OnInstanceFound();
    status_.SetWatched(true);
    executor_.RunUntilIdle();
    Refresh();
  }
  void Refresh() {
    EXPECT_THAT(executor_.Await(status_.Refresh()), IsOk());
    executor_.RunUntilIdle();
  }
  void Say(std::string_view text) {
    ASSERT_TRUE(socket_);
    EXPECT_THAT(socket_->SendText(text), IsOk());
    executor_.RunUntilIdle();
  }
  /// The connection to its chat breaks.
  void Drop() {
    reading_.Cancel();
    socket_.reset();
    executor_.RunUntilIdle();
  }
  /// What the instance has heard since the last call.
  std::vector<std::string> Heard() { return std::exchange(heard_, {}); }
  /// "s1 busy"
  std::vector<std::string> Shown() const {
    std::vector<std::string> shown;
    for (const auto& one : status_.Sessions()) {
      shown.push_back(one.id + ' ' + std::string(ToString(one.state)));
    }
    return shown;
  }
  Task<control::AnswerResult> Start(control::Answer answer) {
    auto task = status_.GiveAnswer(std::move(answer));
    task.Start();
    executor_.RunUntilIdle();
    return task;
  }

  berth::testing::TempFolder folder_;
  berth::testing::TestExecutor executor_;
  InlineWorker worker_;
  testing::FakeInstance instance_;
  InstanceInfo info_;
  WallTime time_{std::chrono::milliseconds(1'700'000'005'000)};
  http::BodyPtr incoming_;
  std::unique_ptr<http::WebSocketChannel> socket_;
  Job reading_;
  std::vector<std::string> heard_;
  AdapterContext context_{executor_, worker_, instance_, info_};
  SignIn sign_in_{context_,
                  {.database = folder_.path() / "db" / "auth.db",
                   .home = folder_.path(),
                   .state_folder = folder_.path() / "state",
                   .wall_clock = [this] { return time_; }}};
  ChatStatus status_{context_, sign_in_, [this] { return time_; }};
};

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

TEST_F(ChatStatusTest, NoticesThatAnOldInstanceIsAway) {
  info_.version = "";
  Begin("");
  EXPECT_EQ(instance_.Count("GET /health"), 0);
  instance_.SetAway(Unavailable("connection refused"));
  Drop();
  EXPECT_THAT(executor_.Await(status_.Refresh()), FailsWith(ErrorKind::kUnavailable));
  instance_.SetAway(std::nullopt);
  Refresh();
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

TEST_F(ChatStatusTest, WhatRunsFailsWithItsInstance) {
  Begin();
  Say(kAsks);
  instance_.SetAway(Unavailable("connection refused"));
  Drop();
  const auto ask_for = [this](Duration time) {
    for (Duration passed{}; passed < time; passed += seconds(1)) {
      EXPECT_THAT(executor_.Await(status_.Refresh()), FailsWith(ErrorKind::kUnavailable));
      executor_.Advance(seconds(1));
    }
  };
  ask_for(seconds(10));
  EXPECT_THAT(Shown(), ElementsAre("s1 needs_you"));
  ask_for(seconds(10));
  ASSERT_THAT(Shown(), ElementsAre("s1 error"));
  EXPECT_EQ(status_.Sessions()[0].error, "the instance went away in the middle of the run");
  // It is back, and knows nothing of it.
  instance_.SetAway(std::nullopt);
  Begin(kNoneRuns);
  EXPECT_THAT(Shown(), ElementsAre("s1 error"));
  status_.Seen("s1");
  EXPECT_THAT(Shown(), IsEmpty());
}

TEST_F(ChatStatusTest, WhatRunsFailsWithAnInstanceThatIsStartedAnew) {
  Begin();
  Say(kAsks);
  instance_.SetAway(Unavailable("connection refused"));
  Drop();
  EXPECT_THAT(executor_.Await(status_.Refresh()), FailsWith(ErrorKind::kUnavailable));
  instance_.SetAway(std::nullopt);
  Begin(kNoneRuns);
  executor_.Advance(seconds(1));
  Refresh();
  Say(R"({"kind":"chat_subscribed","sessionId":"s1","isProcessing":false,"pendingPermissions":[]})");
  EXPECT_THAT(Shown(), ElementsAre("s1 error"));
}

TEST_F(ChatStatusTest, WhatRunsFailsWithAnInstanceThatIsBackBeforeAnybodyAsked) {
  Begin();
  Drop();
  instance_.OnJson(std::string(kRunning), 200, std::string(kNoneRuns));
  Refresh();
  EXPECT_THAT(Shown(), ElementsAre("s1 error"));
}

TEST_F(ChatStatusTest, WhatRunsFailsWithAnInstanceThatComesBackAndRefusesUs) {
  Begin();
  Drop();
  std::filesystem::remove_all(folder_.path() / "db");
  instance_.OnJson(std::string(kRunning), 401, "{}");
  status_.OnInstanceFound();
  EXPECT_THAT(executor_.Await(status_.Refresh()), FailsWith(ErrorKind::kUnauthorized));
  EXPECT_THAT(Shown(), ElementsAre("s1 error"));
}

TEST_F(ChatStatusTest, APauseOfTheNetworkIsNoFailure) {
  Begin();
  const auto pause = [this](Error error) {
    instance_.SetAway(std::move(error));
    EXPECT_FALSE(executor_.Await(status_.Refresh()));
    executor_.Advance(seconds(10));
    EXPECT_FALSE(executor_.Await(status_.Refresh()));
    instance_.SetAway(std::nullopt);
  };
  pause(Unavailable("network is unreachable"));
  Begin();
  EXPECT_THAT(Shown(), ElementsAre("s1 busy"));
  for (int i = 0; i < 10; ++i) pause(Timeout("busy"));
  EXPECT_THAT(Shown(), ElementsAre("s1 busy"));
  instance_.OnJson(std::string(kRunning), 200, std::string(kNoneRuns));
  Refresh();
  EXPECT_THAT(Shown(), IsEmpty());
}

TEST_F(ChatStatusTest, APageOfAProxySaysNothingOfTheList) {
  Begin();
  const struct {
    int status;
    std::string type;
  } pages[] = {{502, "text/html"}, {404, "text/plain"}, {404, "text/html"},
               {401, "text/html"}, {302, "text/html"},  {200, "text/html"}};
  for (const auto& page : pages) {
    instance_.On(std::string(kRunning), [&page](const http::RequestHead&, const std::string&) {
      return http::TextResponse(page.status, page.type, std::string(kOneRuns));
    });
    EXPECT_THAT(executor_.Await(status_.Refresh()), FailsWith(ErrorKind::kUnavailable))
        << page.status << ' ' << page.type;
  }
  instance_.OnJson(std::string(kRunning), 200, std::string(kNoneRuns));
  Refresh();
  EXPECT_THAT(Shown(), ElementsAre("s1 error"));
  instance_.OnJson(std::string(kRunning), 200,
                   R"({"data":{"sessions":[{"sessionId":"s1","startedAt":1700000004000}]}})");
  Refresh();
  EXPECT_THAT(Shown(), ElementsAre("s1 busy"));
  EXPECT_THAT(Heard(), ElementsAre(kSubscribe, kSubscribe));
}

TEST_F(ChatStatusTest, OnlyAWebPageMakesAnInstanceOld) {
  info_.version = "";
  instance_.On(std::string(kRunning), [](const http::RequestHead&, const std::string&) {
    return http::TextResponse(404, "text/plain", "404 page not found");
  });
  status_.OnInstanceFound();
  EXPECT_THAT(executor_.Await(status_.Refresh()), FailsWith(ErrorKind::kUnavailable));
  Begin();
  EXPECT_THAT(Shown(), ElementsAre("s1 busy"));
}

TEST_F(ChatStatusTest, BelievesNoPageInPlaceOfTheList) {
  info_.version = "";
  instance_.On(std::string(kRunning), [](const http::RequestHead&, const std::string&) {
    return http::TextResponse(200, "text/html", std::string(kOneRuns));
  });
  Begin("");
  EXPECT_THAT(Shown(), IsEmpty());
}

}  // namespace
}  // namespace berth::agent
