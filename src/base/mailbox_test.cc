#include "base/mailbox.h"

#include <gtest/gtest.h>

#include "base/executor_testing.h"

namespace berth {
namespace {

using berth::testing::TestExecutor;
using Batches = std::vector<std::vector<int>>;

TEST(MailboxTest, WhatIsPutInOneTurnArrivesAsOneBatchInOrder) {
  TestExecutor here;
  TestExecutor there;
  Batches got;
  Mailbox<int> box(there, [&](std::vector<int> batch) { got.push_back(std::move(batch)); });
  MailSender<int> sender(here, box.address());
  here.RunUntilIdle();
  sender.Put(1);
  sender.Put(2);
  there.RunUntilIdle();
  EXPECT_TRUE(got.empty());  // The turn has not ended.
  here.RunUntilIdle();
  sender.Put(3);
  EXPECT_EQ(sender.under_way(), 3u);
  here.RunUntilIdle();
  EXPECT_EQ(sender.under_way(), 3u);
  there.RunUntilIdle();
  EXPECT_EQ(sender.under_way(), 0u);
  EXPECT_EQ(got, (Batches{{1, 2}, {3}}));
}

TEST(MailboxTest, FlushSendsAtOnce) {
  TestExecutor here;
  TestExecutor there;
  Batches got;
  Mailbox<int> box(there, [&](std::vector<int> batch) { got.push_back(std::move(batch)); });
  MailSender<int> sender(here, box.address());
  sender.Put(1);
  sender.Flush();
  there.RunUntilIdle();
  EXPECT_EQ(got, (Batches{{1}}));
  here.RunUntilIdle();
  there.RunUntilIdle();
  EXPECT_EQ(got.size(), 1u);
}

TEST(MailboxTest, NothingArrivesAfterTheMailboxIsGone) {
  TestExecutor here;
  TestExecutor there;
  Batches got;
  auto box = std::make_unique<Mailbox<int>>(
      there, [&](std::vector<int> batch) { got.push_back(std::move(batch)); });
  MailSender<int> sender(here, box->address());
  sender.Put(1);
  sender.Flush();
  box.reset();
  sender.Put(2);
  here.RunUntilIdle();
  there.RunUntilIdle();
  EXPECT_TRUE(got.empty());
}

}  // namespace
}  // namespace berth
