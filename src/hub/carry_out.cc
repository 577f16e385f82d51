#include "hub/carry_out.h"

#include <memory>
#include <optional>

namespace berth::hub {
namespace {

/// What the work and whoever waits for it share.
struct Outcome {
  explicit Outcome(Executor& executor) : ended(executor) {}

  Event ended;
  std::optional<Result<http::Response>> response;
};

/// Says that the work has ended, however it did.
struct Ending {
  Outcome& outcome;
  ~Ending() { outcome.ended.Set(); }
};

Task<void> Work(std::shared_ptr<Outcome> outcome, Task<Result<http::Response>> work) {
  const Ending ending{*outcome};
  outcome->response = co_await std::move(work);
}

}  // namespace

Task<Result<http::Response>> CarryOut(Executor& executor, TaskGroup& group,
                                      Task<Result<http::Response>> work) {
  const auto outcome = std::make_shared<Outcome>(executor);
  group.Spawn("API call", Work(outcome, std::move(work)));
  co_await outcome->ended.Wait();
  if (!outcome->response) co_return Internal("the call ended early");
  co_return std::move(*outcome->response);
}

}  // namespace berth::hub
