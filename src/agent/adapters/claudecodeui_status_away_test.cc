// What is known of sessions whose instance is away, comes back, or has something else answer for
// it.
#include <gmock/gmock.h>

#include "agent/adapters/claudecodeui_status_testing.h"

namespace berth::agent {
namespace {

using berth::testing::FailsWith;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kAsks;
using testing::kNoneRuns;
using testing::kOneRuns;
using testing::kRunning;
using testing::kSubscribe;

class ChatStatusAwayTest : public testing::ChatStatusFixture {};

TEST_F(ChatStatusAwayTest, WhatRunsFailsWithItsInstance) {
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

TEST_F(ChatStatusAwayTest, WhatRunsFailsWithAnInstanceThatIsStartedAnew) {
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

TEST_F(ChatStatusAwayTest, WhatRunsFailsWithAnInstanceThatIsBackBeforeAnybodyAsked) {
  Begin();
  Drop();
  instance_.OnJson(std::string(kRunning), 200, std::string(kNoneRuns));
  Refresh();
  EXPECT_THAT(Shown(), ElementsAre("s1 error"));
}

TEST_F(ChatStatusAwayTest, WhatRunsFailsWithAnInstanceThatComesBackAndRefusesUs) {
  Begin();
  Drop();
  std::filesystem::remove_all(folder_.path() / ".cloudcli");
  instance_.OnJson(std::string(kRunning), 401, "{}");
  status_.OnInstanceFound();
  EXPECT_THAT(executor_.Await(status_.Refresh()), FailsWith(ErrorKind::kUnauthorized));
  EXPECT_THAT(Shown(), ElementsAre("s1 error"));
}

TEST_F(ChatStatusAwayTest, APauseOfTheNetworkIsNoFailure) {
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

TEST_F(ChatStatusAwayTest, APageOfAProxySaysNothingOfTheList) {
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

TEST_F(ChatStatusAwayTest, OnlyAWebPageMakesAnInstanceOld) {
  info_.version = "";
  instance_.On(std::string(kRunning), [](const http::RequestHead&, const std::string&) {
    return http::TextResponse(404, "text/plain", "404 page not found");
  });
  status_.OnInstanceFound();
  EXPECT_THAT(executor_.Await(status_.Refresh()), FailsWith(ErrorKind::kUnavailable));
  Begin();
  EXPECT_THAT(Shown(), ElementsAre("s1 busy"));
}

TEST_F(ChatStatusAwayTest, BelievesNoPageInPlaceOfTheList) {
  info_.version = "";
  instance_.On(std::string(kRunning), [](const http::RequestHead&, const std::string&) {
    return http::TextResponse(200, "text/html", std::string(kOneRuns));
  });
  Begin("");
  EXPECT_THAT(Shown(), IsEmpty());
}

TEST_F(ChatStatusAwayTest, NoticesThatAnInstanceIsAwayThatItCannotSignInTo) {
  std::filesystem::remove_all(folder_.path() / ".cloudcli");
  EXPECT_THAT(executor_.Await(status_.Refresh()), FailsWith(ErrorKind::kUnauthorized));
  instance_.SetAway(Unavailable("connection refused"));
  EXPECT_THAT(executor_.Await(status_.Refresh()), FailsWith(ErrorKind::kUnavailable));
}

TEST_F(ChatStatusAwayTest, NoticesThatAnOldInstanceIsAway) {
  info_.version = "";
  Begin("");
  EXPECT_EQ(instance_.Count("GET /health"), 0);
  instance_.SetAway(Unavailable("connection refused"));
  Drop();
  EXPECT_THAT(executor_.Await(status_.Refresh()), FailsWith(ErrorKind::kUnavailable));
  instance_.SetAway(std::nullopt);
  Refresh();
}

}  // namespace
}  // namespace berth::agent
