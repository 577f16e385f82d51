#include "agent/status.h"

#include <gtest/gtest.h>

#include "base/executor_testing.h"
#include "base/task_group.h"

namespace berth::agent {
namespace {

using berth::testing::TestExecutor;
using control::Status;
using std::chrono::milliseconds;
using std::chrono::seconds;

class FakeAdapter : public Adapter {
 public:
  std::string_view kind() const override { return "fake"; }
  std::optional<http::Response> Answer(const http::RequestHead&) override { return std::nullopt; }
  Task<Result<void>> Prepare(http::RequestHead&) override { co_return Ok(); }
  Task<Verdict> Inspect(const http::RequestHead&, http::Response&, bool) override {
    co_return Verdict::kPass;
  }
  rewrite::PageSetup page_setup() const override { return {}; }
  Task<Result<std::vector<control::SessionInfo>>> ReadSessions() override {
    ++polls;
    if (is_away) co_return Unavailable("away");
    co_return sessions;
  }
  bool may_retry() const override { return false; }
  void SetOnChange(std::function<void()> callback) override { on_change = std::move(callback); }

  std::vector<control::SessionInfo> sessions;
  std::function<void()> on_change;
  bool is_away = false;
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

TEST_F(StatusTest, IsBusyWithinASecondOfTraffic) {
  StatusTracker::Live live(tracker_);
  executor_.Advance(seconds(20));
  adapter_.sessions = {{.id = "s", .is_busy = true}};
  live.NoteTraffic();
  executor_.Advance(milliseconds(800));
  EXPECT_EQ(tracker_.report().status, Status::kBusy);
  adapter_.sessions = {};
  executor_.Advance(milliseconds(1000));
  EXPECT_EQ(tracker_.report().status, Status::kActive);
}

TEST_F(StatusTest, AsksSeldomWhileNothingHappens) {
  const int before = adapter_.polls;
  executor_.Advance(seconds(60));
  EXPECT_LE(adapter_.polls - before, 13);
  EXPECT_GE(adapter_.polls - before, 10);
}

TEST_F(StatusTest, AsksNobodyWhileNobodyIsTold) {
  tracker_.SetWatched(false);
  executor_.Advance(seconds(6));
  const int before = adapter_.polls;
  executor_.Advance(seconds(60));
  EXPECT_EQ(adapter_.polls, before);
  tracker_.SetWatched(true);
  executor_.Advance(milliseconds(1));
  EXPECT_EQ(adapter_.polls, before + 1);
}

TEST_F(StatusTest, SaysThatASessionNeedsItsUserWithinASecond) {
  executor_.Advance(seconds(20));
  adapter_.sessions = {{.id = "s", .is_busy = true, .needs_you = true}};
  adapter_.on_change();
  executor_.Advance(milliseconds(500));
  EXPECT_TRUE(tracker_.report().needs_you());
}

TEST_F(StatusTest, IsNotBusyWhileTheInstanceIsAway) {
  adapter_.sessions = {{.id = "s", .is_busy = true}};
  executor_.Advance(seconds(6));
  EXPECT_EQ(tracker_.report().status, Status::kBusy);
  adapter_.is_away = true;
  executor_.Advance(seconds(6));
  EXPECT_EQ(tracker_.report().status, Status::kIdle);
}

}  // namespace
}  // namespace berth::agent
