#include <gtest/gtest.h>

#include "base/executor_testing.h"
#include "base/result_testing.h"
#include "net/memory_pipe_testing.h"

namespace berth::net::testing {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;
using berth::testing::TestExecutor;

TEST(MemoryPipeTest, CarriesBytesBothWaysInFragments) {
  TestExecutor executor;
  auto [left, right] = MakePipe(executor, {.fragment = 2});
  EXPECT_THAT(executor.Await(WriteText(*left, "hello")), IsOk());
  EXPECT_THAT(executor.Await(WriteText(*right, "back")), IsOk());
  auto piece = executor.Await(right->Read());
  ASSERT_THAT(piece, IsOk());
  EXPECT_EQ(AsText(*piece), "he");
  EXPECT_EQ(*executor.Await(ReadText(*right, 3)), "llo");
  EXPECT_EQ(*executor.Await(ReadText(*left, 4)), "back");
}

TEST(MemoryPipeTest, WriteWaitsWhileThePipeIsFull) {
  TestExecutor executor;
  auto [left, right] = MakePipe(executor, {.capacity = 4});
  auto write = WriteText(*left, "0123456789");
  write.Start();
  executor.RunUntilIdle();
  EXPECT_FALSE(write.is_done());
  EXPECT_EQ(*executor.Await(ReadText(*right, 10)), "0123456789");
  EXPECT_TRUE(write.is_done());
}

TEST(MemoryPipeTest, HalfCloseEndsOneDirectionOnly) {
  TestExecutor executor;
  auto [left, right] = MakePipe(executor);
  EXPECT_THAT(executor.Await(WriteText(*left, "last")), IsOk());
  EXPECT_THAT(executor.Await(left->ShutdownWrite()), IsOk());
  EXPECT_EQ(*executor.Await(ReadAllText(*right)), "last");
  EXPECT_THAT(executor.Await(WriteText(*right, "answer")), IsOk());
  EXPECT_EQ(*executor.Await(ReadText(*left, 6)), "answer");
  EXPECT_THAT(executor.Await(WriteText(*left, "more")), FailsWith(ErrorKind::kUnavailable));
}

TEST(MemoryPipeTest, CloseFailsWhatWaitsAtBothEnds) {
  TestExecutor executor;
  auto [left, right] = MakePipe(executor);
  auto mine = left->Read();
  auto theirs = right->Read();
  mine.Start();
  theirs.Start();
  left->Close();
  executor.RunUntilIdle();
  ASSERT_TRUE(mine.is_done());
  ASSERT_TRUE(theirs.is_done());
  EXPECT_THAT(mine.Take(), FailsWith(ErrorKind::kUnavailable));
  EXPECT_THAT(theirs.Take(), FailsWith(ErrorKind::kUnavailable));
  EXPECT_THAT(executor.Await(WriteText(*right, "x")), FailsWith(ErrorKind::kUnavailable));
}

TEST(MemoryPipeTest, ADroppedReadLosesNothing) {
  TestExecutor executor;
  auto [left, right] = MakePipe(executor);
  {
    auto read = right->Read();
    read.Start();
    EXPECT_THAT(executor.Await(WriteText(*left, "kept")), IsOk());
  }
  // That read had finished when its task was dropped; one that still waits takes nothing.
  {
    auto read = right->Read();
    read.Start();
  }
  EXPECT_THAT(executor.Await(WriteText(*left, "kept")), IsOk());
  EXPECT_EQ(*executor.Await(ReadText(*right, 4)), "kept");
}

TEST(FailingStreamTest, FailsTheNthOperationAndBreaksTheConnection) {
  TestExecutor executor;
  auto [left, right] = MakePipe(executor);
  FailurePlan plan{.fail_at = 2};
  FailingStream failing(std::move(left), plan);
  EXPECT_THAT(executor.Await(WriteText(failing, "one")), IsOk());
  EXPECT_THAT(executor.Await(failing.Read()), FailsWith(ErrorKind::kUnavailable));
  EXPECT_EQ(*executor.Await(ReadText(*right, 3)), "one");
  EXPECT_THAT(executor.Await(right->Read()), FailsWith(ErrorKind::kUnavailable));
}

}  // namespace
}  // namespace berth::net::testing
