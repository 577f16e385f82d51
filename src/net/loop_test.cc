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
  loop.ArmAfter(late, 200ms);
  loop.ArmAfter(moved, 1ms);
  loop.ArmAfter(early, 5ms);
  loop.ArmAfter(moved, 10ms);
  loop.ArmAfter(disarmed, 2ms);
  disarmed.Disarm();
  const TimePoint begin = Clock::now();
  EXPECT_THAT(Await(loop, SleepThen(loop, 250ms, 1)), berth::testing::IsOk());
  EXPECT_GE(Clock::now() - begin, 250ms);
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

TEST(LoopTest, TimeGoesOnAfterARun) {
  Loop loop;
  EXPECT_TRUE(Await(loop, Settle(loop)));
  const TimePoint present = Clock::now();
  EXPECT_GE(loop.now(), present);
}

TEST(LoopTest, ATimerIsNotHeldUpByDescriptorsThatAreAlwaysReady) {
  Loop loop;
  Event rang(loop);
  Timer timer([&] { rang.Set(); });
  loop.ArmAfter(timer, 5ms);
  // Each turn asks for the next one.
  std::move_only_function<void()> again = [&] { loop.Post([&] { again(); }); };
  loop.Post([&] { again(); });
  EXPECT_TRUE(Await(loop, WaitFor(rang)));
}

TEST(LoopTest, RunsAgainAfterStop) {
  Loop loop;
  EXPECT_TRUE(Await(loop, Settle(loop)));
  EXPECT_TRUE(Await(loop, Settle(loop)));
}

Task<int> TwoSignals(Loop& loop) {
  Signals signals(loop);
  const int first = co_await signals.Next();
  std::raise(SIGHUP);  // While nobody waits.
  const int second = co_await signals.Next();
  co_return first * 1000 + second;
}

TEST(LoopTest, DeliversSignals) {
  Loop loop;
  Event never(loop);
  Timer soon([] { std::raise(SIGTERM); });
  loop.ArmAfter(soon, 5ms);
  EXPECT_EQ(Await(loop, TwoSignals(loop)), SIGTERM * 1000 + SIGHUP);
}

Task<int> FirstOfThree(Loop& loop, HangUp hang_up) {
  Signals signals(loop, hang_up);
  for (const int number : {SIGHUP, SIGINT, SIGTERM}) std::raise(number);
  const int first = co_await signals.Next();
  for (int last = first; last != SIGTERM;) last = co_await signals.Next();
  co_return first;
}

TEST(LoopTest, LeavesSignalsIgnoredThatWereAtTheStart) {
  Loop loop;
  for (const int number : {SIGHUP, SIGINT}) std::signal(number, SIG_IGN);
  EXPECT_EQ(Await(loop, FirstOfThree(loop, HangUp::kEnds)), SIGTERM);
  EXPECT_EQ(Await(loop, FirstOfThree(loop, HangUp::kReloads)), SIGHUP);
  std::signal(SIGINT, SIG_DFL);
  EXPECT_EQ(Await(loop, FirstOfThree(loop, HangUp::kEnds)), SIGHUP);
}

TEST(LoopTest, DestructionRunsWhatWasDeferred) {
  bool ran = false;
  {
    Loop loop;
    loop.Defer([&ran] { ran = true; });
  }
  EXPECT_TRUE(ran);
}

TEST(LoopTest, DestructionDropsWhatWasPosted) {
  bool ran = false;
  const auto owned = std::make_shared<int>(0);
  bool deferred = false;
  {
    Loop loop;
    // On its way out it defers, as a connection does that closes.
    const auto leave = [&loop, &deferred](int* number) {
      loop.Defer([&deferred] { deferred = true; });
      delete number;
    };
    std::unique_ptr<int, decltype(leave)> leaving(new int(0), leave);
    loop.Post([&ran, owned, kept = std::move(leaving)] { ran = true; });
  }
  EXPECT_FALSE(ran);
  EXPECT_TRUE(deferred);
  EXPECT_EQ(owned.use_count(), 1);
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
