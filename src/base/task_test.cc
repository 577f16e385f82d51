#include "base/task.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "base/event.h"
#include "base/executor_testing.h"
#include "base/task_group.h"

namespace berth {
namespace {

using testing::TestExecutor;

Task<int> Add(int a, int b) { co_return a + b; }

Task<int> AddAfter(Event& event, int a, int b) {
  co_await event.Wait();
  const int sum = co_await Add(a, b);
  co_return sum;
}

struct SetsOnDestruction {
  bool& flag;
  ~SetsOnDestruction() { flag = true; }
};

Task<void> HoldUntil(Event& event, bool& destroyed) {
  SetsOnDestruction holder{destroyed};
  co_await event.Wait();
}

Task<void> Throw(TestExecutor& executor) {
  co_await Yield(executor);
  throw std::runtime_error("planned");
}

TEST(TaskTest, ReturnsThroughNestedAwaits) {
  TestExecutor executor;
  Event event(executor);
  auto task = AddAfter(event, 2, 3);
  task.Start();
  EXPECT_FALSE(task.is_done());
  event.Set();
  executor.RunUntilIdle();
  ASSERT_TRUE(task.is_done());
  EXPECT_EQ(task.Take(), 5);
}

TEST(TaskTest, StartingItTwiceIsStartingItOnce) {
  TestExecutor executor;
  Event event(executor);
  auto task = AddAfter(event, 2, 3);
  task.Start();
  task.Start();
  event.Set();
  executor.RunUntilIdle();
  task.Start();
  EXPECT_EQ(task.Take(), 5);
}

TEST(TaskTest, DroppingATaskDestroysItsFramesAndItsWait) {
  TestExecutor executor;
  Event event(executor);
  bool destroyed = false;
  {
    auto task = HoldUntil(event, destroyed);
    task.Start();
    EXPECT_FALSE(destroyed);
  }
  EXPECT_TRUE(destroyed);
  event.Set();  // Nobody waits any more.
  executor.RunUntilIdle();
}

TEST(TaskTest, ATaskDroppedAfterItWasWokenDoesNotRun) {
  TestExecutor executor;
  Event event(executor);
  bool destroyed = false;
  auto task = HoldUntil(event, destroyed);
  task.Start();
  event.Set();
  task.Reset();
  executor.RunUntilIdle();
  EXPECT_TRUE(destroyed);
}

TEST(TaskGroupTest, AnExceptionEndsItsTaskAlone) {
  TestExecutor executor;
  TaskGroup group(executor);
  Event event(executor);
  bool destroyed = false;
  group.Spawn("throws", Throw(executor));
  group.Spawn("holds", HoldUntil(event, destroyed));
  executor.RunUntilIdle();
  EXPECT_EQ(group.size(), 1u);
  event.Set();
  executor.Await(group.WaitEmpty());
  EXPECT_TRUE(destroyed);
}

/// Says when it is destroyed: long after the body, if it is a parameter.
class SetsWhenGone {
 public:
  explicit SetsWhenGone(bool& flag) : flag_(&flag) {}
  SetsWhenGone(SetsWhenGone&& other) noexcept : flag_(std::exchange(other.flag_, nullptr)) {}
  ~SetsWhenGone() {
    if (flag_ != nullptr) *flag_ = true;
  }

 private:
  bool* flag_;
};

Task<void> WaitWith(SetsWhenGone, Event& event) { co_await event.Wait(); }

Task<bool> IsGoneOnceEmpty(TaskGroup& group, const bool& gone) {
  co_await group.WaitEmpty();
  co_return gone;
}

TEST(TaskGroupTest, NothingIsLeftOfATaskThatHasLeftTheGroup) {
  TestExecutor executor;
  TaskGroup group(executor);
  Event event(executor);
  bool gone = false;
  group.Spawn("holds", WaitWith(SetsWhenGone(gone), event));
  executor.RunUntilIdle();
  EXPECT_FALSE(gone);
  event.Set();
  EXPECT_TRUE(executor.Await(IsGoneOnceEmpty(group, gone)));
}

TEST(TaskGroupTest, DestructionCancelsWhatRuns) {
  TestExecutor executor;
  Event event(executor);
  bool destroyed = false;
  {
    TaskGroup group(executor);
    group.Spawn("holds", HoldUntil(event, destroyed));
    executor.RunUntilIdle();
  }
  EXPECT_TRUE(destroyed);
}

TEST(ExecutorTest, TurnEndRunsAfterEverythingReady) {
  TestExecutor executor;
  Event late(executor, WakeTime::kTurnEnd);
  Event soon(executor);
  std::string order;
  struct Runner {
    static Task<void> Note(Event& event, std::string& order, char mark) {
      co_await event.Wait();
      order.push_back(mark);
    }
  };
  auto first = Runner::Note(late, order, 'L');
  auto second = Runner::Note(soon, order, 'S');
  first.Start();
  second.Start();
  late.Set();
  soon.Set();
  executor.RunUntilIdle();
  EXPECT_EQ(order, "SL");
}

}  // namespace
}  // namespace berth
