// For tests: runs a Task to its end on a real Loop, for what needs real sockets.
#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>

#include "base/event.h"
#include "net/loop.h"

namespace berth::net::testing {

namespace loop_internal {

template <class T>
Task<void> RunAndStop(Loop& loop, Task<T>& task, std::optional<T>& result) {
  result.emplace(co_await task);
  loop.Stop();
}

}  // namespace loop_internal

/// Runs `loop` until `task` is done; throws if that takes longer than `limit`, so that a hang is a
/// failed test. Not for Task<void>.
template <class T>
T Await(Loop& loop, Task<T> task, Duration limit = std::chrono::seconds(20)) {
  std::optional<T> result;
  auto runner = loop_internal::RunAndStop(loop, task, result);
  Timer watchdog([&loop] { loop.Stop(); });
  loop.Post([&] {
    loop.ArmAfter(watchdog, limit);
    runner.Start();
  });
  loop.Run();
  if (!result) throw std::runtime_error("the task did not finish in time");
  return std::move(*result);
}

}  // namespace berth::net::testing
