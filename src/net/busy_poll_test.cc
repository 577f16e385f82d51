#include "net/busy_poll.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "base/result_testing.h"
#include "net/loop_testing.h"
#include "net/socket.h"

namespace berth::net {
namespace {

using namespace std::chrono_literals;
using testing::Await;

/// One whose last waits were short, each for one event.
BusyPoll Polling() {
  BusyPoll poll(100us);
  for (int i = 0; i < 16; ++i) poll.NoteWait(20us, 1);
  return poll;
}

TEST(BusyPollTest, BeginsAfterShortWaitsInARow) {
  BusyPoll poll(100us);
  EXPECT_TRUE(poll.is_on());
  for (int i = 0; i < 15; ++i) poll.NoteWait(99us, 1);
  EXPECT_FALSE(poll.is_worth_it());
  poll.NoteWait(99us, 1);
  EXPECT_TRUE(poll.is_worth_it());
}

TEST(BusyPollTest, OneLongWaitEndsIt) {
  BusyPoll poll = Polling();
  ASSERT_TRUE(poll.is_worth_it());
  poll.NoteWait(100us, 1);
  EXPECT_FALSE(poll.is_worth_it());
  for (int i = 0; i < 15; ++i) poll.NoteWait(20us, 1);
  EXPECT_FALSE(poll.is_worth_it());
}

TEST(BusyPollTest, SeveralEventsAtOnceAndATimerEndIt) {
  for (const int events : {0, 2}) {
    BusyPoll poll = Polling();
    poll.NoteWait(20us, events);
    EXPECT_FALSE(poll.is_worth_it()) << events;
  }
}

TEST(BusyPollTest, ALongBodyEndsIt) {
  BusyPoll poll = Polling();
  poll.NoteLongRead();
  EXPECT_FALSE(poll.is_worth_it());
}

TEST(BusyPollTest, ZeroIsOff) {
  BusyPoll poll(0us);
  EXPECT_FALSE(poll.is_on());
  for (int i = 0; i < 100; ++i) poll.NoteWait(0us, 1);
  EXPECT_FALSE(poll.is_worth_it());
}

/// Sends `count` bytes, one after the answer to the other; returns how many came back.
Task<int> PingPong(Socket& socket, int count) {
  const std::byte ping{1};
  const Bytes piece(&ping, 1);
  int answers = 0;
  for (int i = 0; i < count; ++i) {
    auto sent = socket.Send(std::span(&piece, 1), 0);
    if (!sent || !*sent) co_return answers;
    for (;;) {
      std::byte pong;
      auto received = socket.Receive(MutableBytes(&pong, 1));
      if (!received) co_return answers;
      if (*received) {
        if (**received == 0) co_return answers;
        break;
      }
      co_await socket.WaitReadable();
    }
    ++answers;
  }
  co_return answers;
}

TEST(BusyPollTest, ALoopThatPollsServesTimersAndOtherThreads) {
  Loop loop(1ms);  // Far more than an echo takes, so it does poll.
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  auto socket = Socket::Adopt(loop, ends[0]);
  ASSERT_THAT(socket, berth::testing::IsOk());
  int posted = 0;
  std::thread peer([&loop, &posted, end = ends[1]] {
    char byte;
    while (read(end, &byte, 1) == 1) {
      loop.Post([&posted] { ++posted; });
      if (write(end, &byte, 1) != 1) return;
    }
  });
  int rang = 0;
  std::move_only_function<void()> again;
  Timer timer([&] { again(); });
  again = [&] {
    ++rang;
    loop.ArmAfter(timer, 1ms);
  };
  loop.ArmAfter(timer, 1ms);
  EXPECT_EQ(Await(loop, PingPong(**socket, 2000)), 2000);
  EXPECT_GT(rang, 0);
  EXPECT_GE(posted, 1999);  // The last may come after the last answer.
  (*socket)->Close();
  peer.join();
  close(ends[1]);
}

}  // namespace
}  // namespace berth::net
