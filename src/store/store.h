// Store: the database on a thread of its own, for code that lives on a loop.
//
// A disk may take long to answer; a loop must not wait for it. Run() and Read() hand a function to
// the store's thread and resume the caller on its executor with the result. Calls run one at a
// time, in the order in which they were made, and their results arrive in that order.
//
// Create one, make the calls and destroy it on the executor's thread. The executor must outlive it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

#include "base/event.h"
#include "base/result.h"
#include "base/task.h"
#include "store/database.h"

namespace berth::store {

/// Where a Store does its work.
enum class StoreThread {
  kOwn,     ///< On a thread of its own.
  kCaller,  ///< At once, on the calling thread: for tests, whose time then stands still.
};

class Store {
 public:
  /// Opens the database in `folder` (see Database::Open), waiting for it.
  static Result<std::unique_ptr<Store>> Open(Executor& executor,
                                             const std::filesystem::path& folder,
                                             StoreThread thread = StoreThread::kOwn,
                                             const FolderLock* lock = nullptr);
  /// Runs what is queued, then closes the database. If another process has the lock, all of that
  /// waits for kLockWait at most.
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Runs `work(Database&)`, which returns a Result, as one transaction: all of it is written, or
  /// nothing. When the task gives a success, the change is on the disk. Dropping the task drops the
  /// result, not the work, so `work` must own what it uses. kUnavailable: too much is queued, the
  /// disk is full, or another process holds the lock.
  template <class Work, class R = std::invoke_result_t<Work, Database&>>
  Task<R> Run(Work work) {
    return Submit<R>([work = std::move(work)](Database& database) mutable -> R {
      return database.InTransaction(std::move(work));
    });
  }

  /// The same for work that only reads.
  template <class Work, class R = std::invoke_result_t<Work, Database&>>
  Task<R> Read(Work work) {
    return Submit<R>([work = std::move(work)](Database& database) mutable -> R {
      return database.InSnapshot(std::move(work));
    });
  }

  /// The program stops: from now on the calls together wait for another process's lock until
  /// `limit` has passed, and not at all after that. How many failed is logged at the end. May be
  /// called again.
  void FinishWithin(Duration limit);

  /// A number that changes whenever another process changed the database.
  Task<Result<std::int64_t>> DataVersion();

 private:
  using Job = std::move_only_function<void(Database&)>;

  template <class R>
  struct Call {
    Call(Executor& executor, std::move_only_function<R(Database&)> f)
        : work(std::move(f)), done(executor) {}
    std::move_only_function<R(Database&)> work;
    std::optional<R> result;
    Event done;
  };

  Store(Executor& executor, std::unique_ptr<Database> database, StoreThread thread);
  /// False if the queue is full.
  bool Enqueue(Job job);
  void NoteFailure(const Error& why);
  void Work();

  // The Call belongs to the waiting task and to the job together: whichever ends last frees it. Its
  // event is touched on the executor's thread only.
  template <class R>
  Task<R> Submit(std::move_only_function<R(Database&)> work) {
    auto call = std::make_shared<Call<R>>(executor_, std::move(work));
    const bool queued = Enqueue([this, call, &executor = executor_](Database& database) mutable {
      call->result.emplace(call->work(database));
      call->work = nullptr;
      if (!*call->result) NoteFailure(call->result->error());
      executor.Post([call = std::move(call)] { call->done.Set(); });
    });
    if (!queued) {
      Error full = Unavailable("the store has too much to do");
      NoteFailure(full);
      co_return full;
    }
    co_await call->done.Wait();
    co_return std::move(*call->result);
  }

  Executor& executor_;
  const std::unique_ptr<Database> database_;
  const StoreThread kind_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> queue_;               ///< Guarded by mutex_.
  bool closing_ = false;                ///< Guarded by mutex_.
  std::optional<TimePoint> finish_by_;  ///< Guarded by mutex_; in real time, as SQLite waits.
  std::size_t failed_ = 0;              ///< Guarded by mutex_; calls since FinishWithin().
  std::string last_failure_;            ///< Guarded by mutex_.
  std::thread thread_;
};

}  // namespace berth::store
