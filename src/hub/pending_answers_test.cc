#include "hub/pending_answers.h"

#include <gtest/gtest.h>

#include "base/executor_testing.h"
#include "base/result_testing.h"

namespace berth::hub {
namespace {

using ::berth::testing::FailsWith;
using ::berth::testing::IsOk;
using control::AnswerResult;

struct PendingAnswersTest : ::testing::Test {
  Task<Result<AnswerResult>> Start() {
    auto task = answers->Start({.session_id = "s", .question_id = "q"},
                               [this](const control::Message& message) -> Result<void> {
                                 if (is_down) return Unavailable("down");
                                 sent.push_back(std::get<control::Answer>(message).request_id);
                                 return Ok();
                               });
    task.Start();
    return task;
  }

  berth::testing::TestExecutor executor;
  std::unique_ptr<PendingAnswers> answers = std::make_unique<PendingAnswers>(executor);
  std::vector<std::string> sent;
  bool is_down = false;
};

TEST_F(PendingAnswersTest, EachGetsItsOwnResult) {
  auto first = Start();
  auto second = Start();
  ASSERT_EQ(sent.size(), 2U);
  answers->Finish({.request_id = "of nobody"});
  answers->Finish({.request_id = sent[1], .outcome = AnswerResult::Outcome::kGone});
  answers->Finish({.request_id = sent[1], .outcome = AnswerResult::Outcome::kSent});
  executor.RunUntilIdle();
  EXPECT_FALSE(first.is_done());
  ASSERT_TRUE(second.is_done());
  EXPECT_EQ(second.Take()->outcome, AnswerResult::Outcome::kGone);
}

TEST_F(PendingAnswersTest, EndWithTheTunnel) {
  auto waiting = Start();
  answers.reset();
  executor.RunUntilIdle();
  ASSERT_TRUE(waiting.is_done());
  EXPECT_EQ(waiting.Take()->outcome, AnswerResult::Outcome::kUnconfirmed);
}

TEST_F(PendingAnswersTest, SayThatTheTunnelIsDown) {
  is_down = true;
  EXPECT_THAT(Start().Take(), FailsWith(ErrorKind::kUnavailable));
}

TEST_F(PendingAnswersTest, AreBoundedByThoseThatSomebodyWaitsFor) {
  std::vector<Task<Result<AnswerResult>>> tasks;
  for (int i = 0; i < 16; ++i) tasks.push_back(Start());
  EXPECT_THAT(Start().Take(), FailsWith(ErrorKind::kConflict));
  tasks.pop_back();
  EXPECT_FALSE(Start().is_done());
}

}  // namespace
}  // namespace berth::hub
