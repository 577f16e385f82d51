#include "agent/status.h"

#include <gtest/gtest.h>

#include "base/executor_testing.h"
#include "base/task_group.h"

namespace berth::agent {
namespace {

using berth::testing::TestExecutor;
using control::State;
using control::Status;
using std::chrono::milliseconds;
using std::chrono::seconds;

class FakeAdapter : public Adapter {
 public:
  std::string_view kind() const override { return "fake"; }
  std::optional<http::Response> Answer(const http::RequestHead&) override { return std::nullopt; }
  Task<Result<void>> Prepare(http::RequestHead&) override { co_return Ok(); }
  Task<Verdict> Inspect(const http::RequestHead&, http::Response&) override {
    co_return Verdict::kPass;
  }
  rewrite::PageSetup page_setup() const override { return {}; }
  Task<Result<void>> Refresh() override {
    ++polls;
    if (is_away) co_return Unavailable("away");
    if (is_taken) co_return Forbidden("another user listens");
    if (is_slow) co_return Timeout("slow");
    known = sessions;
    co_return Ok();
  }
  Duration refresh_every() const override { return every; }
  std::vector<control::SessionInfo> Sessions() const override { return known; }
  bool may_retry() const override { return false; }
  void SetOnChange(std::function<void()> callback) override { on_change = std::move(callback); }
  void SetOnNews(std::function<void()> callback) override { on_news = std::move(callback); }
  void SetWatched(bool watched) override { is_watched = watched; }

  std::vector<control::SessionInfo> sessions;  ///< What Refresh would find.
  std::vector<control::SessionInfo> known;
  std::function<void()> on_change;
  std::function<void()> on_news;
  Duration every = milliseconds(500);
  bool is_away = false;
  bool is_taken = false;
  bool is_slow = false;
  bool is_watched = false;
  int polls = 0;
};

class StatusTest : public ::testing::Test {
 protected:
  StatusTest()
      : tracker_(executor_, [this](const StatusReport& report) { reports_.push_back(report); }) {
    tracker_.SetAdapter(&adapter_);
    tracker_.SetWatched(true);
    run_ = Job(executor_, "status", tracker_.Run());
    executor_.Advance(milliseconds(1));
  }

  TestExecutor executor_;
  FakeAdapter adapter_;
  std::vector<StatusReport> reports_;
  StatusTracker tracker_;
  Job run_;
};

TEST_F(StatusTest, IsActiveWhileABrowserIsConnected) {
  EXPECT_EQ(tracker_.report().status, Status::kIdle);
  auto live = std::make_unique<StatusTracker::Live>(tracker_);
  executor_.Advance(milliseconds(300));
  EXPECT_EQ(tracker_.report().status, Status::kActive);
  live.reset();
  executor_.Advance(milliseconds(300));
  EXPECT_EQ(tracker_.report().status, Status::kIdle);
  EXPECT_EQ(reports_.size(), 2U);
}

TEST_F(StatusTest, IsBusyWithinASecondOfTheRun) {
  executor_.Advance(seconds(20));
  adapter_.sessions = {{.id = "s", .is_busy = true}};
  executor_.Advance(milliseconds(600));
  EXPECT_EQ(tracker_.report().status, Status::kBusy);
  EXPECT_EQ(tracker_.report().state, State::kBusy);
  adapter_.sessions = {};
  executor_.Advance(milliseconds(600));
  EXPECT_EQ(tracker_.report().status, Status::kIdle);
}

TEST_F(StatusTest, AsksAtOnceWhenThereMayBeNews) {
  executor_.Advance(milliseconds(20'150));
  const int before = adapter_.polls;
  adapter_.sessions = {{.id = "s", .is_busy = true}};
  adapter_.on_news();
  executor_.Advance(milliseconds(1));
  EXPECT_EQ(adapter_.polls, before + 1);
  EXPECT_EQ(tracker_.report().status, Status::kBusy);
}

TEST_F(StatusTest, AsksAboutTwiceASecond) {
  const int before = adapter_.polls;
  executor_.Advance(seconds(60));
  EXPECT_LE(adapter_.polls - before, 121);
  EXPECT_GE(adapter_.polls - before, 110);
}

TEST_F(StatusTest, AsksNobodyWhoHasNothingToSay) {
  adapter_.every = Duration::zero();
  executor_.Advance(seconds(1));
  const int before = adapter_.polls;
  executor_.Advance(seconds(60));
  EXPECT_EQ(adapter_.polls, before);
}

TEST_F(StatusTest, AsksNobodyWhileNobodyIsTold) {
  EXPECT_TRUE(adapter_.is_watched);
  tracker_.SetWatched(false);
  EXPECT_FALSE(adapter_.is_watched);
  executor_.Advance(seconds(6));
  const int before = adapter_.polls;
  executor_.Advance(seconds(60));
  EXPECT_EQ(adapter_.polls, before);
  tracker_.SetWatched(true);
  executor_.Advance(milliseconds(1));
  EXPECT_EQ(adapter_.polls, before + 1);
  tracker_.SetAdapter(nullptr);
  EXPECT_FALSE(adapter_.is_watched);
}

TEST_F(StatusTest, LooksOnWhileNobodyIsToldUntilNothingRuns) {
  adapter_.sessions = {{.id = "s", .is_busy = true}};
  executor_.Advance(seconds(1));
  tracker_.SetWatched(false);
  executor_.Advance(seconds(60));
  EXPECT_TRUE(adapter_.is_watched);
  adapter_.sessions = {{.id = "s", .state = control::SessionState::kError, .error = "no credit"}};
  executor_.Advance(seconds(1));
  EXPECT_EQ(tracker_.report().sessions, adapter_.sessions);
  EXPECT_FALSE(adapter_.is_watched);
  const int before = adapter_.polls;
  executor_.Advance(seconds(60));
  EXPECT_EQ(adapter_.polls, before);
}

TEST_F(StatusTest, SaysAtOnceThatASessionNeedsItsUser) {
  executor_.Advance(seconds(20));
  adapter_.known = {
      {.id = "s", .is_busy = true, .needs_you = true, .state = control::SessionState::kNeedsYou}};
  adapter_.on_change();
  executor_.Advance(milliseconds(1));
  EXPECT_TRUE(tracker_.report().needs_you());
  EXPECT_EQ(tracker_.report().status, Status::kBusy);
  EXPECT_EQ(tracker_.report().state, State::kNeedsYou);
}

TEST_F(StatusTest, WhatMattersMostIsItsState) {
  using control::SessionInfo;
  using control::SessionState;
  StatusTracker::Live live(tracker_);
  SessionInfo failed{.id = "f", .state = SessionState::kError};
  SessionInfo busy{.id = "b", .is_busy = true};
  SessionInfo asking{.id = "a", .is_busy = true, .state = SessionState::kNeedsYou};
  const std::pair<std::vector<SessionInfo>, State> cases[] = {
      {{}, State::kActive},
      {{failed}, State::kError},
      {{failed, busy}, State::kBusy},
      {{failed, busy, asking}, State::kNeedsYou},
  };
  for (const auto& [sessions, state] : cases) {
    adapter_.sessions = sessions;
    executor_.Advance(seconds(1));
    EXPECT_EQ(tracker_.report().state, state);
  }
}

TEST_F(StatusTest, ReportsTenTimesASecondAndTheLastChangeAlways) {
  executor_.Advance(seconds(1));
  reports_.clear();
  adapter_.every = seconds(100);
  for (int i = 0; i <= 1000; ++i) {
    adapter_.known = {{.id = fmt::format("s{}", i), .is_busy = true}};
    adapter_.on_change();
    executor_.Advance(milliseconds(1));
  }
  EXPECT_LE(reports_.size(), 11U);
  EXPECT_GE(reports_.size(), 9U);
  executor_.Advance(milliseconds(100));
  EXPECT_EQ(reports_.back().sessions[0].id, "s1000");
}

TEST_F(StatusTest, TellsOnceThatTheInstanceIsAway) {
  int told = 0;
  tracker_.SetOnAway([&told] { ++told; });
  executor_.Advance(seconds(5));
  adapter_.is_slow = true;
  executor_.Advance(seconds(5));
  EXPECT_EQ(told, 0);
  adapter_.is_away = true;
  executor_.Advance(seconds(5));
  EXPECT_EQ(told, 1);
  adapter_.is_away = adapter_.is_slow = false;
  executor_.Advance(seconds(5));
  adapter_.is_away = true;
  executor_.Advance(seconds(5));
  EXPECT_EQ(told, 2);
}

TEST_F(StatusTest, AnInstanceInWhosePlaceAnotherUserListensIsAway) {
  int told = 0;
  tracker_.SetOnAway([&told] { ++told; });
  adapter_.is_taken = true;
  executor_.Advance(seconds(5));
  EXPECT_EQ(told, 1);
}

TEST_F(StatusTest, AnInstanceThatIsFoundAgainAndStillDoesNotAnswerIsToldOnce) {
  int told = 0;
  tracker_.SetOnAway([&told] { ++told; });
  adapter_.is_away = true;
  for (int i = 0; i < 5; ++i) {
    executor_.Advance(seconds(5));
    tracker_.SetAdapter(&adapter_);
  }
  EXPECT_EQ(told, 1);
}

TEST_F(StatusTest, AnInstanceThatIsLostGivesNoAnswerUntilItIsFound) {
  executor_.Advance(seconds(1));
  adapter_.is_away = true;
  executor_.Advance(seconds(5));
  EXPECT_FALSE(tracker_.report().no_answer) << "it may be back in a moment";
  tracker_.NoteLost();
  executor_.Advance(seconds(1));
  EXPECT_TRUE(tracker_.report().no_answer);
  EXPECT_EQ(tracker_.report().state, State::kIdle);
  EXPECT_TRUE(reports_.back().no_answer);
  const std::size_t told = reports_.size();
  for (int i = 0; i < 5; ++i) {
    tracker_.NoteLost();
    executor_.Advance(seconds(2));
  }
  EXPECT_EQ(reports_.size(), told);
  // An answer of something else than what was looked for.
  adapter_.is_away = false;
  executor_.Advance(seconds(2));
  EXPECT_EQ(reports_.size(), told);
  tracker_.SetAdapter(&adapter_);
  executor_.Advance(milliseconds(100));
  EXPECT_FALSE(reports_.back().no_answer);
}

TEST_F(StatusTest, AnInstanceThatDoesNotAnswerInTimeGivesNoAnswerUntilItDoes) {
  adapter_.is_slow = true;
  executor_.Advance(seconds(1));
  EXPECT_TRUE(reports_.back().no_answer);
  // It ends, without having answered.
  adapter_.is_away = true;
  executor_.Advance(seconds(1));
  EXPECT_TRUE(reports_.back().no_answer);
  adapter_.is_away = adapter_.is_slow = false;
  executor_.Advance(seconds(1));
  EXPECT_FALSE(reports_.back().no_answer);
}

TEST_F(StatusTest, WhetherAnInstanceThatIsAwayIsBusyIsForTheAdapterToSay) {
  adapter_.sessions = {{.id = "s", .is_busy = true}};
  executor_.Advance(seconds(1));
  adapter_.is_away = true;
  executor_.Advance(seconds(1));
  EXPECT_EQ(tracker_.report().status, Status::kBusy);
  adapter_.known = {};
  adapter_.on_change();
  executor_.Advance(seconds(1));
  EXPECT_EQ(tracker_.report().status, Status::kIdle);
}

}  // namespace
}  // namespace berth::agent
