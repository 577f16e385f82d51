// AwaitNews: waits for somebody to change a file, by looking at it every two seconds.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "agent/worker.h"
#include "base/event.h"
#include "base/log.h"
#include "base/result.h"

namespace berth::agent {

/// What `look` gives as soon as that `is_news`. `look` returns a Result and runs on `worker`, again
/// and again; `is_news` runs on `executor`. Trouble is logged, as "no WHAT yet".
template <class Look, class IsNews>
auto AwaitNews(Worker& worker, Executor& executor, std::string_view what, Look look, IsNews is_news)
    -> Task<typename std::invoke_result_t<Look>::value_type> {
  constexpr std::chrono::seconds kBetweenLooks(2);
  std::string told;
  for (;;) {
    auto found = co_await RunOn(worker, executor, look);
    if (found && is_news(*found)) co_return std::move(*found);
    if (!found && found.error().message != told) {
      told = found.error().message;
      LogWarn("no {} yet: {}", what, ForLog(told));
    }
    co_await Sleep(executor, kBetweenLooks);
  }
}

}  // namespace berth::agent
