#include "store/store.h"

#include <algorithm>

#include "base/log.h"

namespace berth::store {
namespace {

/// Calls that may wait: 20,000 agents that are cut off and come back at once make some 60,000, of a
/// few hundred bytes each. Those that find no room are refused, and ask again only minutes later.
constexpr std::size_t kMaxQueued = 65'536;

}  // namespace

Result<std::unique_ptr<Store>> Store::Open(Executor& executor, const std::filesystem::path& folder,
                                           StoreThread thread, const FolderLock* lock) {
  auto database = Database::Open(folder, lock);
  if (!database) return std::move(database).error();
  return std::unique_ptr<Store>(new Store(executor, *std::move(database), thread));
}

Store::Store(Executor& executor, std::unique_ptr<Database> database, StoreThread thread)
    : executor_(executor), database_(std::move(database)), kind_(thread) {
  if (kind_ == StoreThread::kOwn) thread_ = std::thread([this] { Work(); });
}

Store::~Store() {
  {
    const std::scoped_lock lock(mutex_);
    closing_ = true;
    const auto latest = Clock::now() + kLockWait;
    finish_by_ = std::min(finish_by_.value_or(latest), latest);
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  if (failed_ > 0) {
    LogWarn("{} calls of the database failed while stopping, the last: {}", failed_, last_failure_);
  }
}

void Store::FinishWithin(Duration limit) {
  const std::scoped_lock lock(mutex_);
  finish_by_ = Clock::now() + limit;
}

void Store::NoteFailure(const Error& why) {
  if (why.kind != ErrorKind::kUnavailable) return;  // An answer, not a failure to write.
  const std::scoped_lock lock(mutex_);
  if (!finish_by_) return;
  ++failed_;
  last_failure_ = why.message;
}

bool Store::Enqueue(Job job) {
  if (kind_ == StoreThread::kCaller) {
    job(*database_);
    return true;
  }
  {
    const std::scoped_lock lock(mutex_);
    if (queue_.size() >= kMaxQueued) return false;
    queue_.push_back(std::move(job));
  }
  wake_.notify_one();
  return true;
}

void Store::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return closing_ || !queue_.empty(); });
    if (queue_.empty()) return;
    Job job = std::move(queue_.front());
    queue_.pop_front();
    const auto finish_by = finish_by_;
    lock.unlock();
    if (finish_by) {
      using std::chrono::milliseconds;
      const auto left = std::chrono::duration_cast<milliseconds>(*finish_by - Clock::now());
      database_->SetLockWait(std::clamp(left, milliseconds(0), kLockWait));
    }
    job(*database_);
    job = nullptr;
    lock.lock();
  }
}

Task<Result<std::int64_t>> Store::DataVersion() {
  return Submit<Result<std::int64_t>>([](Database& database) { return database.DataVersion(); });
}

}  // namespace berth::store
