#include "hub/carry_out.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "base/executor_testing.h"
#include "base/result_testing.h"

namespace berth::hub {
namespace {

using berth::testing::FailsWith;
using berth::testing::TestExecutor;

struct CarryOutTest : ::testing::Test {
  TestExecutor executor;
  TaskGroup group{executor};
  Event written{executor};
  bool is_recorded = false;

  /// A change: it waits for the database, and is then recorded.
  Task<Result<http::Response>> Change() {
    co_await written.Wait();
    is_recorded = true;
    co_return http::TextResponse(201, "text/plain", "made");
  }
};

TEST_F(CarryOutTest, GivesTheAnswer) {
  auto call = CarryOut(executor, group, Change());
  call.Start();
  executor.RunUntilIdle();
  EXPECT_FALSE(call.is_done());
  written.Set();
  executor.RunUntilIdle();
  ASSERT_TRUE(call.is_done());
  EXPECT_EQ(call.Take().value().head.status, 201);
  EXPECT_EQ(group.size(), 0U);
}

TEST_F(CarryOutTest, EndsTheWorkWhenNobodyWaitsAnyMore) {
  auto call = CarryOut(executor, group, Change());
  call.Start();
  executor.RunUntilIdle();
  call.Reset();
  EXPECT_EQ(group.size(), 1U);
  written.Set();
  executor.RunUntilIdle();
  EXPECT_TRUE(is_recorded);
  EXPECT_EQ(group.size(), 0U);
}

TEST_F(CarryOutTest, AnswersWhenTheWorkThrows) {
  auto broken = []() -> Task<Result<http::Response>> {
    throw std::runtime_error("broken");
    co_return Internal("not reached");
  };
  auto call = CarryOut(executor, group, broken());
  call.Start();
  executor.RunUntilIdle();
  ASSERT_TRUE(call.is_done());
  EXPECT_THAT(call.Take(), FailsWith(ErrorKind::kInternal));
}

TEST_F(CarryOutTest, AnswersWhenTheWorkIsCancelled) {
  auto call = CarryOut(executor, group, Change());
  call.Start();
  executor.RunUntilIdle();
  group.CancelAll();
  executor.RunUntilIdle();
  ASSERT_TRUE(call.is_done());
  EXPECT_THAT(call.Take(), FailsWith(ErrorKind::kInternal));
  EXPECT_FALSE(is_recorded);
}

}  // namespace
}  // namespace berth::hub
