#include "net/loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "base/result_testing.h"
#include "base/task_group.h"
#include "net/loop_testing.h"
#include "net/network_change.h"
#include "net/signals.h"

namespace berth::net {
namespace {

using namespace std::chrono_literals;
using testing::Await;

Task<Result<int>> SleepThen(Loop& loop, Duration delay, int value) {
  co_await Sleep(loop, delay);
  co_return value;
}

Task<void> Note(Event& event, std::string& order, char mark) {
  co_await event.Wait();
  order.push_back(mark);
}

Task<bool> WaitFor(Event& event) {
  co_await event.Wait();
  co_return true;
}

Task<bool> Settle(Loop& loop) {
  co_await Sleep(loop, 1ms);
  co_return true;
}

TEST(LoopTest, TimersFireInOrderOfTheirTimes) {
  Loop loop;
  std::string order;
  Timer late([&] { order.push_back('3'); });
  Timer early([&] { order.push_back('1'); });
  Timer moved([&] { order.push_back('2'); });
  Timer disarmed([&] { order.push_back('x'); });
  loop.ArmAfter(late, 15ms);
  loop.ArmAfter(moved, 1ms);
  loop.ArmAfter(early, 5ms);
  loop.ArmAfter(moved, 10ms);
  loop.ArmAfter(disarmed, 2ms);
  disarmed.Disarm();
  const TimePoint begin = Clock::now();
  EXPECT_THAT(Await(loop, SleepThen(loop, 20ms, 1)), berth::testing::IsOk());
  EXPECT_GE(Clock::now() - begin, 20ms);
  EXPECT_EQ(order, "123");
}

TEST(LoopTest, DeadlineEndsASlowTask) {
  Loop loop;
  auto result = Await(loop, WithDeadline(loop, 5ms, "slow work", SleepThen(loop, 10s, 1)));
  EXPECT_THAT(result, berth::testing::FailsWith(ErrorKind::kTimeout));
}

TEST(LoopTest, TurnEndComesAfterWhatIsReady) {
  Loop loop;
  Event late(loop, WakeTime::kTurnEnd);
  Event soon(loop);
  std::string order;
  auto first = Note(late, order, 'L');
  auto second = Note(soon, order, 'S');
  first.Start();
  second.Start();
  late.Set();
  soon.Set();
  Await(loop, Settle(loop));
  EXPECT_EQ(order, "SL");
}

TEST(LoopTest, PostWorksFromOtherThreads) {
  Loop loop;
  Event last(loop);
  int count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 1000; ++k) {
        loop.Post([&] {
          if (++count == 4000) last.Set();
        });
      }
    });
  }
  EXPECT_TRUE(Await(loop, WaitFor(last)));
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(count, 4000);
}

TEST(LoopTest, RunsAgainAfterStop) {
  Loop loop;
  EXPECT_TRUE(Await(loop, Settle(loop)));
  EXPECT_TRUE(Await(loop, Settle(loop)));
}

Task<int> TwoSignals(Loop& loop) {
  const int first = co_await NextSignal(loop);
  std::raise(SIGHUP);
  const int second = co_await NextSignal(loop);
  co_return first * 1000 + second;
}

TEST(LoopTest, DeliversSignals) {
  Loop loop;
  Event never(loop);
  Timer soon([] { std::raise(SIGTERM); });
  loop.ArmAfter(soon, 5ms);
  EXPECT_EQ(Await(loop, TwoSignals(loop)), SIGTERM * 1000 + SIGHUP);
}

TEST(LoopTest, DestructionRunsWhatWasDeferred) {
  bool ran = false;
  {
    Loop loop;
    loop.Defer([&ran] { ran = true; });
  }
  EXPECT_TRUE(ran);
}

TEST(NetworkChangeTest, TellsOncePerBurst) {
  Loop loop;
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
  Event changed(loop);
  int count = 0;
  NetworkChange change(loop, ends[0], [&] {
    ++count;
    changed.Set();
  });
  for (int i = 0; i < 3; ++i) ASSERT_EQ(write(ends[1], "x", 1), 1);
  EXPECT_TRUE(Await(loop, WaitFor(changed)));
  EXPECT_EQ(count, 1);
  changed.Reset();
  ASSERT_EQ(write(ends[1], "x", 1), 1);
  EXPECT_TRUE(Await(loop, WaitFor(changed)));
  EXPECT_EQ(count, 2);
  close(ends[1]);
}

TEST(NetworkChangeTest, StandsWithOrWithoutNetlink) {
  Loop loop;
  NetworkChange real(loop, [] {});
  NetworkChange none(loop, -1, [] {});
  EXPECT_TRUE(Await(loop, Settle(loop)));
}

}  // namespace
}  // namespace berth::net
