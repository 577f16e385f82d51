#include "hub/changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <memory>
#include <stdexcept>

#include "base/executor_testing.h"
#include "base/result_testing.h"

namespace berth::hub {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;
using berth::testing::TestExecutor;

struct ChangesTest : ::testing::Test {
  TestExecutor executor;
  Limits limits = [] {
    Limits small;
    small.slow_changes = 3;
    small.caller_changes = 2;
    return small;
  }();
  Changes changes{executor, limits};
  Event written{executor};
  bool is_recorded = false;

  /// The status of what is answered without waiting.
  int StatusOf(Task<Result<http::Response>> call) {
    call.Start();
    executor.RunUntilIdle();
    return call.is_done() ? call.Take().value().head.status : 0;
  }

  /// A change: it waits for the database, and is then recorded.
  Task<Result<http::Response>> Change() {
    co_await written.Wait();
    is_recorded = true;
    co_return http::TextResponse(201, "text/plain", "made");
  }
};

TEST_F(ChangesTest, GivesTheAnswer) {
  auto call = changes.CarryOut({"ada"}, Change());
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
  auto call = changes.CarryOut({"ada"}, Change());
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
  auto call = changes.CarryOut({"ada"}, broken());
  call.Start();
  executor.RunUntilIdle();
  ASSERT_TRUE(call.is_done());
  EXPECT_THAT(call.Take(), FailsWith(ErrorKind::kInternal));
}

TEST_F(ChangesTest, ACallerWithTooManyIsRefusedAlone) {
  auto first = changes.CarryOut({"ada"}, Change());
  auto second = changes.CarryOut({"ada"}, Change());
  auto other = changes.CarryOut({"ben"}, Change());
  for (auto* call : {&first, &second, &other}) call->Start();
  executor.RunUntilIdle();
  EXPECT_EQ(StatusOf(changes.CarryOut({"ada"}, Change())), 429);
  EXPECT_FALSE(other.is_done());
  // Who hangs up makes no room: the work goes on.
  first.Reset();
  EXPECT_EQ(StatusOf(changes.CarryOut({"ada"}, Change())), 429);
  written.Set();
  executor.RunUntilIdle();
  EXPECT_EQ(StatusOf(changes.CarryOut({"ada"}, Change())), 201);
}

TEST_F(ChangesTest, WhoReadsMuchReadsOneAtATime) {
  auto first = changes.CarryOut(CallerReading(1), Change());
  auto other = changes.CarryOut(CallerReading(2), Change());
  for (auto* call : {&first, &other}) call->Start();
  executor.RunUntilIdle();
  first.Reset();
  EXPECT_EQ(StatusOf(changes.CarryOut(CallerReading(1), Change())), 429);
  written.Set();
  executor.RunUntilIdle();
  EXPECT_EQ(other.Take().value().head.status, 201);
  EXPECT_EQ(StatusOf(changes.CarryOut(CallerReading(1), Change())), 201);
}

TEST_F(ChangesTest, ManyThatWaitForOthersLeaveRoomForTheRest) {
  auto slow = std::array{changes.CarryOut(CallerWaiting(1), Change()),
                         changes.CarryOut(CallerWaiting(1), Change()),
                         changes.CarryOut(CallerWaiting(2), Change())};
  for (auto& call : slow) call.Start();
  executor.RunUntilIdle();
  EXPECT_EQ(StatusOf(changes.CarryOut(CallerWaiting(3), Change())), 503);
  auto other = changes.CarryOut({"eve"}, Change());
  other.Start();
  executor.RunUntilIdle();
  EXPECT_FALSE(other.is_done());
  written.Set();
  executor.RunUntilIdle();
  EXPECT_EQ(other.Take().value().head.status, 201);
  for (auto& call : slow) EXPECT_EQ(call.Take().value().head.status, 201);
  EXPECT_EQ(StatusOf(changes.CarryOut(CallerWaiting(3), Change())), 201);
}

TEST_F(ChangesTest, BeginsNothingOnceClosed) {
  auto call = changes.CarryOut({"ada"}, Change());
  call.Start();
  executor.RunUntilIdle();
  changes.Close();
  EXPECT_EQ(StatusOf(changes.CarryOut({"ada"}, Change())), 503);
  written.Set();
  executor.RunUntilIdle();
  EXPECT_EQ(call.Take().value().head.status, 201);
}

TEST_F(ChangesTest, MayGoAsSoonAsItIsEmpty) {
  auto owned = std::make_unique<Changes>(executor, limits);
  auto call = owned->CarryOut({"ada"}, Change());
  call.Start();
  executor.RunUntilIdle();
  call.Reset();
  auto leaving = [](std::unique_ptr<Changes>& leaver) -> Task<void> {
    EXPECT_THAT(co_await leaver->WaitEmpty(std::chrono::seconds(1)), IsOk());
    leaver.reset();
  };
  auto gone = leaving(owned);
  gone.Start();
  written.Set();
  executor.RunUntilIdle();
  EXPECT_TRUE(gone.is_done());
  EXPECT_TRUE(is_recorded);
}

TEST_F(ChangesTest, AnswersWhenTheWorkNeverBegins) {
  auto call = changes.CarryOut({"ada"}, Change());
  call.Start();
  changes.CancelAll();
  executor.RunUntilIdle();
  ASSERT_TRUE(call.is_done());
  EXPECT_THAT(call.Take(), FailsWith(ErrorKind::kInternal));
}

TEST_F(ChangesTest, AnswersWhenTheWorkIsCancelled) {
  auto call = changes.CarryOut({"ada"}, Change());
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
