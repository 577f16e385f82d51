// Task<T>: a coroutine with one owner. Destroying an unfinished Task cancels it.
//
// A Task is lazy: it runs when it is awaited or Start()ed, on the calling thread, until its first
// suspension; from then on the executor resumes it. Dropping it destroys its frame, and with it
// every Task that it awaits, innermost last: destructors are the cancellation path, nothing is
// thrown and no code after the pending co_await runs. That is the whole cancellation model, and the
// reason why this is not asio::awaitable: an exchange is cancelled by dropping one object, a
// request costs no co_spawn, and headers that declare coroutines need no Asio.
//
// Rules. One co_await per statement, its result named. Parameters by value, except objects that the
// caller guarantees to outlive the call. No capturing lambda as a coroutine. A Task must not be
// destroyed from inside its own execution: hand such destruction to Executor::Defer.
// Not thread-safe: a Task lives on one loop.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/pool.h"

namespace berth {

template <class T>
class Task;

namespace task_internal {

struct PromiseBase : Pooled {  // So that the frames come from there.
  std::coroutine_handle<> continuation = std::noop_coroutine();
  std::exception_ptr exception;

  struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> done) noexcept {
      return done.promise().continuation;
    }
    void await_resume() noexcept {}
  };
  std::suspend_always initial_suspend() noexcept { return {}; }
  FinalAwaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { exception = std::current_exception(); }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  Task<T> get_return_object() noexcept;
  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T Take() {
    if (exception) std::rethrow_exception(exception);
    return std::move(*value);
  }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object() noexcept;
  void return_void() noexcept {}
  void Take() {
    if (exception) std::rethrow_exception(exception);
  }
};

}  // namespace task_internal

template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = task_internal::Promise<T>;

  Task() noexcept = default;
  explicit Task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
  Task(Task&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)),
        started_(std::exchange(other.started_, false)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      Reset();
      handle_ = std::exchange(other.handle_, nullptr);
      started_ = std::exchange(other.started_, false);
    }
    return *this;
  }
  ~Task() { Reset(); }

  /// Runs until the first suspension, unless it was started already (WithDeadline starts what it is
  /// given). Await it or poll is_done() afterwards. REQUIRES: it holds a coroutine.
  void Start() {
    CHECK(handle_);
    if (std::exchange(started_, true)) return;
    handle_.resume();
  }

  bool is_done() const { return handle_ && handle_.done(); }
  explicit operator bool() const { return static_cast<bool>(handle_); }

  /// The result of a finished Task, moved out; rethrows what escaped it. REQUIRES: is_done().
  T Take() {
    CHECK(is_done());
    return handle_.promise().Take();
  }

  /// What to resume when the coroutine finishes, instead of what awaits it now. For DoneOr alone.
  /// REQUIRES: it was started and is not done.
  void ContinueWith(std::coroutine_handle<> next) noexcept {
    CHECK(started_ && !is_done());
    handle_.promise().continuation = next;
  }

  /// Cancels the coroutine if it has not finished, and lets go of it.
  void Reset() noexcept {
    if (handle_) std::exchange(handle_, nullptr).destroy();
    started_ = false;
  }

  /// Awaits the result; starts the Task if needed. Await it once.
  auto operator co_await() noexcept {
    struct Awaiter {
      Task& task;
      bool await_ready() noexcept { return task.handle_.done(); }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
        task.handle_.promise().continuation = caller;
        if (task.started_) return std::noop_coroutine();
        task.started_ = true;
        return task.handle_;
      }
      T await_resume() { return task.handle_.promise().Take(); }
    };
    return Awaiter{*this};
  }

 private:
  std::coroutine_handle<promise_type> handle_;
  bool started_ = false;
};

namespace task_internal {

template <class T>
Task<T> Promise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

}  // namespace task_internal
}  // namespace berth
