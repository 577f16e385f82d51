#include "agent/replay_body.h"

#include <gtest/gtest.h>

#include "base/executor_testing.h"
#include "base/result_testing.h"
#include "http/body_testing.h"

namespace berth::agent {
namespace {

using berth::testing::TestExecutor;
using http::testing::PieceBody;

std::string ReadOne(TestExecutor& executor, http::Body& body) {
  auto piece = executor.Await(body.Read());
  return piece ? std::string(net::AsText(*piece)) : "error";
}

TEST(ReplayBody, BeginsAgainAtTheBeginning) {
  TestExecutor executor;
  ReplaySource source(std::make_unique<PieceBody>(std::vector<std::string>{"ab", "cd", "ef"}), 100);
  auto first = source.Open();
  EXPECT_EQ(ReadOne(executor, *first), "ab");
  EXPECT_EQ(ReadOne(executor, *first), "cd");
  first.reset();
  ASSERT_TRUE(source.can_replay());
  auto second = source.Open();
  source.Settle();
  EXPECT_EQ(ReadOne(executor, *second), "abcd");
  EXPECT_EQ(ReadOne(executor, *second), "ef");
  EXPECT_EQ(ReadOne(executor, *second), "");
  EXPECT_EQ(ReadOne(executor, *second), "");
}

TEST(ReplayBody, ReadsAWholeBodyTwice) {
  TestExecutor executor;
  ReplaySource source(std::make_unique<http::TextBody>("text"), 100);
  for (int i = 0; i < 2; ++i) {
    auto body = source.Open();
    EXPECT_EQ(body->length(), 4U);
    auto text = executor.Await(http::ReadAll(body.get(), 100));
    ASSERT_THAT(text, berth::testing::IsOk());
    EXPECT_EQ(*text, "text");
  }
}

TEST(ReplayBody, GivesUpBeyondItsBound) {
  TestExecutor executor;
  ReplaySource source(std::make_unique<PieceBody>(std::vector<std::string>{"abc", "def", "gh"}), 5);
  auto body = source.Open();
  EXPECT_EQ(ReadOne(executor, *body), "abc");
  EXPECT_TRUE(source.can_replay());
  EXPECT_EQ(ReadOne(executor, *body), "def");
  EXPECT_FALSE(source.can_replay());
  EXPECT_EQ(ReadOne(executor, *body), "gh");
  EXPECT_EQ(ReadOne(executor, *body), "");
}

}  // namespace
}  // namespace berth::agent
