// For tests: a store in a temporary folder, an executor and a wall clock whose time the test moves,
// all on one thread.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "base/executor_testing.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/result_testing.h"
#include "base/seal.h"
#include "base/temp_folder_testing.h"
#include "base/wall_clock.h"
#include "identity/context.h"
#include "identity/owner.h"
#include "store/store.h"

namespace berth::identity::testing {

struct IdentityFixture : ::testing::Test {
  berth::testing::TempFolder folder;
  berth::testing::TestExecutor executor;
  Limits limits;
  WallTime time = FromUnixMs(1'700'000'000'000);
  WallClock clock = [this] { return time; };
  RandomSource random = SystemRandom();
  Sealer sealer{RandomBytes<32>(random), random};
  std::unique_ptr<store::Store> store =
      store::Store::Open(executor, folder.path(), store::StoreThread::kCaller).value();
  std::unique_ptr<store::Database> other = store::Database::Open(folder.path()).value();
  std::int64_t owner = EnsureOwner(*other, time).value().id;

  Context context() { return {executor, *store, sealer, limits, clock, random}; }

  /// Lets both clocks run.
  void Pass(std::chrono::milliseconds duration) {
    time += duration;
    executor.Advance(duration);
  }

  /// Holds the write lock until the result is destroyed: everything that the store writes meanwhile
  /// fails. Its wait for the lock is cut short first.
  std::unique_ptr<store::Database> LockDatabase() {
    auto impatient = executor.Await(store->Read([](store::Database& database) -> Result<void> {
      return database.RunScript("PRAGMA busy_timeout = 1");
    }));
    EXPECT_THAT(impatient, berth::testing::IsOk());
    auto locker = store::Database::Open(folder.path()).value();
    EXPECT_THAT(locker->Run("BEGIN IMMEDIATE"), berth::testing::IsOk());
    return locker;
  }
};

}  // namespace berth::identity::testing
