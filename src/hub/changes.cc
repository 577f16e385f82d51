#include "hub/changes.h"

#include <optional>

#include "hub/problem.h"

namespace berth::hub {

/// What the work and whoever waits for it share.
struct Changes::Outcome {
  explicit Outcome(Executor& executor) : ended(executor) {}

  Event ended;
  std::optional<Result<http::Response>> response;
};

/// Counts one for its user for as long as it lives, and says when that is over: the work has ended
/// then, or will never begin.
class Changes::UnderWay {
 public:
  UnderWay(Changes& changes, std::int64_t user_id, std::shared_ptr<Outcome> outcome)
      : changes_(changes), user_id_(user_id), outcome_(std::move(outcome)) {
    ++changes_.under_way_[user_id_];
  }
  ~UnderWay() {
    const auto place = changes_.under_way_.find(user_id_);
    if (--place->second == 0) changes_.under_way_.erase(place);
    outcome_->ended.Set();
  }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;

  void Answer(Result<http::Response> response) { outcome_->response = std::move(response); }

 private:
  Changes& changes_;
  const std::int64_t user_id_;
  const std::shared_ptr<Outcome> outcome_;
};

Task<Result<http::Response>> Changes::CarryOut(std::int64_t user_id,
                                               Task<Result<http::Response>> work) {
  if (const auto found = under_way_.find(user_id);
      found != under_way_.end() && found->second >= per_user_) {
    auto response = ProblemResponse(
        {429, "Too many changes", "What you asked for before is not done yet; try again."});
    response.head.fields.Add("retry-after", "1");
    co_return response;
  }
  const auto outcome = std::make_shared<Outcome>(executor_);
  group_.Spawn("API call",
               Run(std::make_unique<UnderWay>(*this, user_id, outcome), std::move(work)));
  co_await outcome->ended.Wait();
  if (!outcome->response) co_return Internal("the call ended early");
  co_return std::move(*outcome->response);
}

Task<void> Changes::Run(std::unique_ptr<UnderWay> place, Task<Result<http::Response>> work) {
  place->Answer(co_await std::move(work));
}

}  // namespace berth::hub
