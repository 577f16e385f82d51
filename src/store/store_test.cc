// The store's thread: order, results, dropped tasks, the bound on what waits.
#include "store/store.h"

#include <condition_variable>
#include <future>
#include <mutex>

#include "base/executor_testing.h"
#include "base/result_testing.h"
#include "base/temp_folder_testing.h"
#include "store/meta.h"

namespace berth::store {
namespace {

using ::berth::testing::FailsWith;
using ::berth::testing::IsOk;
using ::berth::testing::TempFolder;
using ::berth::testing::TestExecutor;

/// A TestExecutor that other threads may post to; RunOne waits for what they post.
class PostableExecutor : public TestExecutor {
 public:
  void Post(std::move_only_function<void()> work) override {
    {
      const std::scoped_lock lock(mutex_);
      work_.push_back(std::move(work));
    }
    arrived_.notify_one();
  }

  /// Runs one posted piece of work, waiting for it up to ten seconds.
  void RunOne() {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(arrived_.wait_for(lock, std::chrono::seconds(10), [&] { return !work_.empty(); }));
    auto work = std::move(work_.front());
    work_.pop_front();
    lock.unlock();
    Enter([&] { work(); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::move_only_function<void()>> work_;
};

struct StoreTest : ::testing::Test {
  TempFolder folder;
  PostableExecutor executor;
  std::unique_ptr<Store> store = Open();

  std::unique_ptr<Store> Open() {
    auto opened = Store::Open(executor, folder.path());
    EXPECT_THAT(opened, IsOk());
    return *std::move(opened);
  }

  template <class T>
  T Finish(Task<T> task) {
    task.Start();
    while (!task.is_done()) executor.RunOne();
    return task.Take();
  }
};

Task<Result<void>> Write(Store& store, std::string key, std::string value) {
  co_return co_await store.Run([=](Database& in) { return WriteMeta(in, key, value); });
}

Task<Result<std::optional<std::string>>> Read(Store& store, std::string key) {
  co_return co_await store.Read([=](Database& in) { return ReadMeta(in, key); });
}

TEST_F(StoreTest, WritesAndReadsOnItsOwnThread) {
  EXPECT_THAT(Finish(Write(*store, "key", "value")), IsOk());
  EXPECT_EQ(Finish(Read(*store, "key")).value(), "value");
  const auto thread = Finish(
      store->Read([](Database&) -> Result<std::thread::id> { return std::this_thread::get_id(); }));
  EXPECT_NE(thread.value(), std::this_thread::get_id());
}

TEST_F(StoreTest, CallsRunInOrder) {
  auto first = Write(*store, "key", "1");
  auto second = Write(*store, "key", "2");
  first.Start();
  second.Start();
  EXPECT_EQ(Finish(Read(*store, "key")).value(), "2");
  EXPECT_TRUE(first.is_done());
  EXPECT_TRUE(second.is_done());
}

TEST_F(StoreTest, ADroppedTaskStillWritesAndHarmsNothing) {
  for (int i = 0; i < 50; ++i) {
    auto dropped = Write(*store, "key", std::to_string(i));
    dropped.Start();
  }
  EXPECT_EQ(Finish(Read(*store, "key")).value(), "49");
}

TEST_F(StoreTest, ClosingFinishesWhatWasAsked) {
  std::vector<Task<Result<void>>> tasks;
  for (int i = 0; i < 50; ++i) {
    tasks.push_back(Write(*store, std::to_string(i), "x"));
    tasks.back().Start();
  }
  store.reset();
  for (auto& task : tasks) {
    while (!task.is_done()) executor.RunOne();
    EXPECT_THAT(task.Take(), IsOk());
  }
  store = Open();
  EXPECT_EQ(Finish(Read(*store, "49")).value(), "x");
}

TEST_F(StoreTest, AStoreThatFinishesDoesNotWaitForEveryCall) {
  auto other = Database::Open(folder.path());
  ASSERT_THAT(other, IsOk());
  ASSERT_THAT((*other)->Run("BEGIN IMMEDIATE"), IsOk());
  const auto begun = std::chrono::steady_clock::now();
  store->FinishWithin(std::chrono::milliseconds(1));
  EXPECT_THAT(Finish(Write(*store, "key", "1")), FailsWith(ErrorKind::kUnavailable));
  std::vector<Task<Result<void>>> tasks;
  for (int i = 0; i < 50; ++i) {
    tasks.push_back(Write(*store, "key", "2"));
    tasks.back().Start();
  }
  store.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, kLockWait);
  for (auto& task : tasks) {
    while (!task.is_done()) executor.RunOne();
    EXPECT_THAT(task.Take(), FailsWith(ErrorKind::kUnavailable));
  }
}

TEST_F(StoreTest, AStoreThatFinishesWritesWhatItMay) {
  store->FinishWithin(Duration::zero());
  EXPECT_THAT(Finish(Write(*store, "key", "1")), IsOk());
  EXPECT_EQ(Finish(Read(*store, "key")).value(), "1");
}

TEST_F(StoreTest, RefusesWorkBeyondItsBound) {
  std::promise<void> gate;
  auto blocker = store->Read([opened = gate.get_future().share()](Database&) -> Result<int> {
    opened.wait();
    return 0;
  });
  blocker.Start();
  std::vector<Task<Result<int>>> tasks;
  do {
    tasks.push_back(store->Read([](Database&) -> Result<int> { return 1; }));
    tasks.back().Start();
  } while (!tasks.back().is_done() && tasks.size() < 100'000);
  ASSERT_TRUE(tasks.back().is_done());
  EXPECT_THAT(tasks.back().Take(), FailsWith(ErrorKind::kUnavailable));
  // Room for 20,000 agents that are cut off and come back at once.
  EXPECT_GT(tasks.size(), 60'000);
  gate.set_value();
  EXPECT_EQ(Finish(std::move(blocker)).value(), 0);
  while (!tasks[tasks.size() / 2].is_done()) executor.RunOne();
  EXPECT_THAT(Finish(Write(*store, "key", "again")), IsOk());
}

TEST_F(StoreTest, FailedWorkIsAnErrorAndWritesNothing) {
  const auto failed = Finish(store->Run([](Database& in) -> Result<void> {
    auto written = WriteMeta(in, "key", "value");
    if (!written) return written;
    return Forbidden("no");
  }));
  EXPECT_THAT(failed, FailsWith(ErrorKind::kForbidden));
  EXPECT_EQ(Finish(Read(*store, "key")).value(), std::nullopt);
}

TEST_F(StoreTest, NoticesAnotherConnectionsChange) {
  const auto before = Finish(store->DataVersion()).value();
  EXPECT_THAT(Finish(Write(*store, "key", "own")), IsOk());
  EXPECT_EQ(Finish(store->DataVersion()).value(), before);
  auto other = Database::Open(folder.path());
  ASSERT_THAT(other, IsOk());
  ASSERT_THAT(WriteMeta(**other, "key", "other"), IsOk());
  EXPECT_NE(Finish(store->DataVersion()).value(), before);
}

}  // namespace
}  // namespace berth::store
