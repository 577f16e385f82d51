#include "hub/changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "base/executor_testing.h"
#include "base/result_testing.h"

namespace berth::hub {
namespace {

using berth::testing::FailsWith;
using berth::testing::TestExecutor;

struct ChangesTest : ::testing::Test {
  TestExecutor executor;
  Changes changes{executor, 2};
  Event written{executor};
  bool is_recorded = false;

  /// A change: it waits for the database, and is then recorded.
  Task<Result<http::Response>> Change() {
    co_await written.Wait();
    is_recorded = true;
    co_return http::TextResponse(201, "text/plain", "made");
  }
};

TEST_F(ChangesTest, GivesTheAnswer) {
  auto call = changes.CarryOut(1, Change());
  call.Start();
  executor.RunUntilIdle();
  EXPECT_FALSE(call.is_done());
  written.Set();
  executor.RunUntilIdle();
  ASSERT_TRUE(call.is_done());
  EXPECT_EQ(call.Take().value().head.status, 201);
  EXPECT_EQ(changes.size(), 0U);
}

TEST_F(ChangesTest, EndsTheWorkWhenNobodyWaitsAnyMore) {
  auto call = changes.CarryOut(1, Change());
  call.Start();
  executor.RunUntilIdle();
  call.Reset();
  EXPECT_EQ(changes.size(), 1U);
  written.Set();
  executor.RunUntilIdle();
  EXPECT_TRUE(is_recorded);
  EXPECT_EQ(changes.size(), 0U);
}

TEST_F(ChangesTest, AnswersWhenTheWorkThrows) {
  auto broken = []() -> Task<Result<http::Response>> {
    throw std::runtime_error("broken");
    co_return Internal("not reached");
  };
  auto call = changes.CarryOut(1, broken());
  call.Start();
  executor.RunUntilIdle();
  ASSERT_TRUE(call.is_done());
  EXPECT_THAT(call.Take(), FailsWith(ErrorKind::kInternal));
}

TEST_F(ChangesTest, AUserWithTooManyIsRefusedAlone) {
  auto first = changes.CarryOut(1, Change());
  auto second = changes.CarryOut(1, Change());
  auto third = changes.CarryOut(1, Change());
  auto other = changes.CarryOut(2, Change());
  for (auto* call : {&first, &second, &third, &other}) call->Start();
  executor.RunUntilIdle();
  ASSERT_TRUE(third.is_done());
  EXPECT_EQ(third.Take().value().head.status, 429);
  EXPECT_FALSE(other.is_done());
  // Who hangs up makes no room: the work goes on.
  first.Reset();
  auto fourth = changes.CarryOut(1, Change());
  fourth.Start();
  executor.RunUntilIdle();
  EXPECT_EQ(fourth.Take().value().head.status, 429);
  written.Set();
  executor.RunUntilIdle();
  auto fifth = changes.CarryOut(1, Change());
  fifth.Start();
  executor.RunUntilIdle();
  EXPECT_EQ(fifth.Take().value().head.status, 201);
}

TEST_F(ChangesTest, AnswersWhenTheWorkNeverBegins) {
  auto call = changes.CarryOut(1, Change());
  call.Start();
  changes.CancelAll();
  executor.RunUntilIdle();
  ASSERT_TRUE(call.is_done());
  EXPECT_THAT(call.Take(), FailsWith(ErrorKind::kInternal));
}

TEST_F(ChangesTest, AnswersWhenTheWorkIsCancelled) {
  auto call = changes.CarryOut(1, Change());
  call.Start();
  executor.RunUntilIdle();
  changes.CancelAll();
  executor.RunUntilIdle();
  ASSERT_TRUE(call.is_done());
  EXPECT_THAT(call.Take(), FailsWith(ErrorKind::kInternal));
  EXPECT_FALSE(is_recorded);
}

}  // namespace
}  // namespace berth::hub
