// What may happen to a wait that two things can end: either first, both in one turn, and the end of
// whoever waits, at every moment.
#include "base/event.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "base/executor_testing.h"
#include "base/result_testing.h"

namespace berth {
namespace {

using namespace std::chrono_literals;
using testing::FailsWith;
using testing::IsOk;
using testing::TestExecutor;

struct SetsOnDestruction {
  bool& flag;
  ~SetsOnDestruction() { flag = true; }
};

/// A task that the test lets finish, and that says how far it came.
struct Work {
  explicit Work(Executor& executor) : input(executor) {}
  Event input;
  bool has_begun = false;
  bool has_ended = false;
  bool is_destroyed = false;
};

Task<Result<int>> Do(Work& work) {
  SetsOnDestruction holder{work.is_destroyed};
  work.has_begun = true;
  co_await work.input.Wait();
  work.has_ended = true;
  co_return 7;
}

Task<Result<int>> DoAtOnce(Work& work) {
  work.has_begun = true;
  work.has_ended = true;
  co_return 7;
}

Task<Result<int>> ThrowAfter(Work& work) {
  co_await work.input.Wait();
  throw std::runtime_error("planned");
}

Task<Result<int>> ThrowAtOnce() {
  throw std::runtime_error("planned");
  co_return 0;
}

/// Waits twice, and writes down what ended each wait.
Task<void> NoteTwice(Task<Result<int>>& task, Event& event, std::string& notes) {
  for (int i = 0; i < 2; ++i) {
    co_await DoneOr(task, event);
    notes += task.is_done() ? 'd' : 'e';
  }
}

struct WaitTest : ::testing::Test {
  TestExecutor executor;
  Work work{executor};
  Event event{executor};
  std::string notes;
};

struct DoneOrTest : WaitTest {
  DoneOrTest() { task.Start(); }
  Task<Result<int>> task = Do(work);
};

TEST_F(DoneOrTest, ReturnsAtOnceWhereNothingIsToBeWaitedFor) {
  event.Set();
  auto waiting = NoteTwice(task, event, notes);
  waiting.Start();
  EXPECT_EQ(notes, "ee");
}

TEST_F(DoneOrTest, BothInOneTurnResumeItOnce) {
  for (const bool is_event_first : {false, true}) {
    Work each(executor);
    Event other(executor);
    auto doing = Do(each);
    doing.Start();
    notes.clear();
    auto waiting = NoteTwice(doing, other, notes);
    waiting.Start();
    if (is_event_first) other.Set();
    each.input.Set();
    other.Set();
    executor.RunUntilIdle();
    EXPECT_TRUE(waiting.is_done());
    EXPECT_EQ(notes, is_event_first ? "ee" : "dd");
    EXPECT_THAT(doing.Take(), IsOk());
  }
}

TEST_F(DoneOrTest, TheTaskGoesOnAfterTheEvent) {
  auto waiting = NoteTwice(task, event, notes);
  waiting.Start();
  event.Set();
  event.Reset();
  executor.RunUntilIdle();
  EXPECT_EQ(notes, "e");
  EXPECT_FALSE(work.is_destroyed);
  work.input.Set();
  executor.RunUntilIdle();
  EXPECT_EQ(notes, "ed");
}

TEST_F(DoneOrTest, TheTaskMayFinishWhileNobodyWaitsForIt) {
  auto waiting = NoteTwice(task, event, notes);
  waiting.Start();
  event.Set();
  executor.RunUntilIdle();
  EXPECT_EQ(notes, "ee");
  work.input.Set();
  executor.RunUntilIdle();
  EXPECT_THAT(task.Take(), IsOk());
}

TEST_F(DoneOrTest, DroppedWhileItWaitsItIsNotResumed) {
  {
    auto waiting = NoteTwice(task, event, notes);
    waiting.Start();
  }
  work.input.Set();
  event.Set();
  executor.RunUntilIdle();
  EXPECT_TRUE(task.is_done());
  EXPECT_EQ(notes, "");
}

TEST_F(DoneOrTest, DroppedAfterItWasWokenItIsNotResumed) {
  auto waiting = NoteTwice(task, event, notes);
  waiting.Start();
  event.Set();
  waiting.Reset();
  work.input.Set();
  executor.RunUntilIdle();
  EXPECT_TRUE(task.is_done());
  EXPECT_EQ(notes, "");
}

TEST_F(DoneOrTest, DroppedBeforeItBeganItNeverWaited) {
  auto waiting = NoteTwice(task, event, notes);
  waiting.Reset();
  work.input.Set();
  executor.RunUntilIdle();
  EXPECT_TRUE(task.is_done());
  EXPECT_EQ(notes, "");
}

struct DeadlineTest : WaitTest {};

TEST_F(DeadlineTest, CancelsTheTaskInTime) {
  auto task = WithDeadline(executor, 1s, "slow work", Do(work));
  task.Start();
  executor.Advance(999ms);
  EXPECT_FALSE(task.is_done());
  executor.Advance(1ms);
  ASSERT_TRUE(task.is_done());
  EXPECT_TRUE(work.is_destroyed);
  EXPECT_FALSE(work.has_ended);
  EXPECT_THAT(task.Take(), FailsWith(ErrorKind::kTimeout));
  work.input.Set();  // Nobody is there any more.
  executor.RunUntilIdle();
}

TEST_F(DeadlineTest, LetsAQuickTaskPassAndForgetsTheTime) {
  auto task = WithDeadline(executor, 3s, "slow work", Do(work));
  task.Start();
  executor.Advance(2s);
  work.input.Set();
  executor.RunUntilIdle();
  ASSERT_TRUE(task.is_done());
  executor.Advance(2s);
  EXPECT_THAT(task.Take(), IsOk());
}

TEST_F(DeadlineTest, BeginsWhenItIsMadeAndNeedsNoTimeForWhatNeedsNoWait) {
  auto task = WithDeadline(executor, Duration::zero(), "quick work", DoAtOnce(work));
  EXPECT_TRUE(work.has_ended);
  ASSERT_TRUE(task.is_done());
  task.Start();
  executor.RunUntilIdle();
  EXPECT_THAT(task.Take(), IsOk());
}

TEST_F(DeadlineTest, AResultInTheVeryTurnOfTheDeadlineCounts) {
  auto task = WithDeadline(executor, 1s, "slow work", Do(work));
  Timer timer([this] { work.input.Set(); });
  executor.ArmAfter(timer, 1s);
  task.Start();
  executor.Advance(1s);
  ASSERT_TRUE(task.is_done());
  // Whichever timer came first, there is one outcome, and the task is over.
  EXPECT_TRUE(work.is_destroyed);
  const auto result = task.Take();
  EXPECT_EQ(result.has_value(), work.has_ended);
}

TEST_F(DeadlineTest, DroppedItCancelsTheTaskAndTheTimer) {
  for (const bool is_started : {false, true}) {
    work.is_destroyed = false;
    auto task = WithDeadline(executor, 1s, "slow work", Do(work));
    if (is_started) task.Start();
    task.Reset();
    EXPECT_TRUE(work.is_destroyed);
  }
  executor.Advance(2s);
  work.input.Set();
  executor.RunUntilIdle();
  EXPECT_FALSE(work.has_ended);
}

TEST_F(DeadlineTest, DroppedInTheTurnOfItsEndNothingRuns) {
  auto task = WithDeadline(executor, 1s, "slow work", Do(work));
  task.Start();
  work.input.Set();
  task.Reset();
  executor.Advance(2s);
  EXPECT_TRUE(work.is_destroyed);
  EXPECT_FALSE(work.has_ended);
}

TEST_F(DeadlineTest, ExceptionsPass) {
  auto early = WithDeadline(executor, 1s, "work", ThrowAtOnce());
  EXPECT_THROW((void)executor.Await(std::move(early)), std::runtime_error);
  auto late = WithDeadline(executor, 1s, "work", ThrowAfter(work));
  late.Start();
  work.input.Set();
  EXPECT_THROW((void)executor.Await(std::move(late)), std::runtime_error);
}

struct CancelTest : WaitTest {};

TEST_F(CancelTest, EndsTheTask) {
  auto task = WithCancel(event, Do(work));
  task.Start();
  event.Set();
  executor.RunUntilIdle();
  ASSERT_TRUE(task.is_done());
  EXPECT_TRUE(work.is_destroyed);
  EXPECT_FALSE(work.has_ended);
  EXPECT_THAT(task.Take(), FailsWith(ErrorKind::kCancelled));
}

TEST_F(CancelTest, WhatIsCancelledAlreadyNeverBegins) {
  event.Set();
  EXPECT_THAT(executor.Await(WithCancel(event, Do(work))), FailsWith(ErrorKind::kCancelled));
  EXPECT_FALSE(work.has_begun);
}

TEST_F(CancelTest, CancelledBetweenItsStartAndTheWaitItEnds) {
  auto task = WithCancel(event, Do(work));
  EXPECT_TRUE(work.has_begun);
  event.Set();
  EXPECT_THAT(executor.Await(std::move(task)), FailsWith(ErrorKind::kCancelled));
  EXPECT_TRUE(work.is_destroyed);
}

TEST_F(CancelTest, AResultThatCameFirstCounts) {
  auto task = WithCancel(event, Do(work));
  task.Start();
  work.input.Set();
  event.Set();
  executor.RunUntilIdle();
  ASSERT_TRUE(task.is_done());
  EXPECT_THAT(task.Take(), IsOk());
}

TEST_F(CancelTest, OneInAnotherEndsByEither) {
  Event inner(executor);
  for (Event* cancel : {&inner, &event}) {
    work.is_destroyed = false;
    auto task = WithCancel(event, WithDeadline(executor, 9s, "work", WithCancel(inner, Do(work))));
    task.Start();
    executor.RunUntilIdle();
    EXPECT_FALSE(task.is_done());
    cancel->Set();
    executor.RunUntilIdle();
    cancel->Reset();
    ASSERT_TRUE(task.is_done());
    EXPECT_TRUE(work.is_destroyed);
    EXPECT_THAT(task.Take(), FailsWith(ErrorKind::kCancelled));
  }
}

TEST_F(CancelTest, DroppedItCancelsTheTask) {
  for (const bool is_started : {false, true}) {
    work.is_destroyed = false;
    auto task = WithCancel(event, Do(work));
    if (is_started) task.Start();
    task.Reset();
    EXPECT_TRUE(work.is_destroyed);
  }
  event.Set();
  work.input.Set();
  executor.RunUntilIdle();
  EXPECT_FALSE(work.has_ended);
}

TEST_F(CancelTest, ExceptionsPass) {
  auto task = WithCancel(event, ThrowAfter(work));
  task.Start();
  work.input.Set();
  EXPECT_THROW((void)executor.Await(std::move(task)), std::runtime_error);
}

}  // namespace
}  // namespace berth
