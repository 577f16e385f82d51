// The worker's thread: where results arrive, order, dropped calls, its end.
#include "agent/worker.h"

#include <gtest/gtest.h>

#include <latch>
#include <thread>
#include <vector>

#include "net/loop_testing.h"

namespace berth::agent {
namespace {

using net::testing::Await;

struct Threads {
  std::thread::id of_job;
  std::thread::id of_caller;
};

Task<Threads> FindThreads(Worker& worker, Executor& executor) {
  const auto of_job = co_await RunOn(worker, executor, [] { return std::this_thread::get_id(); });
  co_return Threads{.of_job = of_job, .of_caller = std::this_thread::get_id()};
}

struct ThreadWorkerTest : ::testing::Test {
  net::Loop loop;
  std::unique_ptr<ThreadWorker> worker = std::make_unique<ThreadWorker>();
};

TEST_F(ThreadWorkerTest, AJobRunsElsewhereAndItsResultArrivesOnTheLoop) {
  const Threads threads = Await(loop, FindThreads(*worker, loop));
  EXPECT_NE(threads.of_job, std::this_thread::get_id());
  EXPECT_EQ(threads.of_caller, std::this_thread::get_id());
}

TEST_F(ThreadWorkerTest, JobsRunInTheOrderInWhichTheyCame) {
  std::vector<int> order;  // The worker's, until the last job has run.
  std::vector<int> expected;
  for (int i = 0; i < 100; ++i) {
    worker->Submit([&order, i] { order.push_back(i); });
    expected.push_back(i);
  }
  EXPECT_EQ(Await(loop, RunOn(*worker, loop, [&order] { return order; })), expected);
}

TEST_F(ThreadWorkerTest, ADroppedCallForgetsTheResultOfItsJobWhichRunsAllTheSame) {
  std::latch may_begin(1);
  int runs = 0;
  auto dropped = RunOn(*worker, loop, [&] {
    may_begin.wait();
    return ++runs;
  });
  dropped.Start();
  dropped.Reset();
  may_begin.count_down();
  // Its result came to the loop before this one's.
  EXPECT_EQ(Await(loop, RunOn(*worker, loop, [&runs] { return runs; })), 1);
}

TEST_F(ThreadWorkerTest, ItsEndDropsTheJobsThatWaitAndWaitsForTheOneThatRuns) {
  struct CountsDown {
    std::latch& latch;
    ~CountsDown() { latch.count_down(); }
  };
  std::latch has_begun(1);
  std::latch may_end(1);
  bool has_ended = false;
  bool has_run = false;
  worker->Submit([&] {
    has_begun.count_down();
    may_end.wait();
    has_ended = true;
  });
  has_begun.wait();
  auto unanswered = RunOn(*worker, loop, [&has_run, held = std::make_unique<CountsDown>(may_end)] {
    return has_run = true;
  });
  unanswered.Start();
  worker.reset();  // Lets go of what waits, and with it lets the first job end.
  EXPECT_TRUE(has_ended);
  EXPECT_FALSE(has_run);
  EXPECT_FALSE(unanswered.is_done());
}

}  // namespace
}  // namespace berth::agent
