#include "hub/changes.h"

#include <fmt/format.h>

#include <optional>

#include "hub/problem.h"
#include "identity/rate_limiter.h"

namespace berth::hub {

/// What the work and whoever waits for it share.
struct Changes::Outcome {
  explicit Outcome(Executor& executor) : ended(executor) {}

  Event ended;
  std::optional<Result<http::Response>> response;
};

/// Counts one for its caller for as long as it lives, and says when that is over: the work has
/// ended then, or will never begin.
class Changes::UnderWay {
 public:
  UnderWay(Changes& changes, Caller caller, std::shared_ptr<Outcome> outcome)
      : changes_(changes),
        is_slow_(caller.waits_for_others),
        place_(changes.under_way_.try_emplace(std::move(caller.key), 0).first),
        outcome_(std::move(outcome)) {
    ++place_->second;
    if (is_slow_) ++changes_.slow_;
  }
  ~UnderWay() {
    if (is_slow_) --changes_.slow_;
    if (--place_->second == 0) changes_.under_way_.erase(place_);
    outcome_->ended.Set();
  }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;

  void Answer(Result<http::Response> response) { outcome_->response = std::move(response); }

 private:
  Changes& changes_;
  const bool is_slow_;
  const decltype(under_way_)::iterator place_;
  const std::shared_ptr<Outcome> outcome_;
};

std::optional<http::Response> Changes::Refusal(const Caller& caller) const {
  std::optional<http::Response> refusal;
  const auto found = under_way_.find(caller.key);
  if (found != under_way_.end() && found->second >= caller.most.value_or(limits_.caller_changes)) {
    refusal = ProblemResponse(
        {429, "Too much at once", "What you asked for before is not done yet; try again."});
  } else if (is_closed_) {
    return StoppingProblem();
  } else if (caller.waits_for_others && slow_ >= limits_.slow_changes) {
    refusal = ProblemResponse({503, "Busy", "Too much is being waited for; try again."});
  }
  if (refusal) refusal->head.fields.Add("retry-after", "1");
  return refusal;
}

Task<Result<http::Response>> Changes::CarryOut(Caller caller, Task<Result<http::Response>> work) {
  if (auto refusal = Refusal(caller)) co_return std::move(*refusal);
  const auto outcome = std::make_shared<Outcome>(executor_);
  auto place = std::make_unique<UnderWay>(*this, std::move(caller), outcome);
  group_.Spawn("change", Run(std::move(place), std::move(work)));
  co_await outcome->ended.Wait();
  if (!outcome->response) co_return Internal("the change ended early");
  co_return std::move(*outcome->response);
}

Task<void> Changes::Run(std::unique_ptr<UnderWay> place, Task<Result<http::Response>> work) {
  auto response = co_await std::move(work);
  place->Answer(std::move(response));
}

Caller CallerOf(const identity::Session& session) { return {"session " + session.id}; }
Caller CallerOf(const identity::ApiToken& token) { return {"token " + token.id}; }
Caller CallerAt(std::string_view address, std::string_view what) {
  return {fmt::format("{} from {}", what, identity::RateLimitKey(address))};
}
Caller CallerWaiting(std::int64_t user_id) {
  return {.key = fmt::format("user {}", user_id), .waits_for_others = true};
}
Caller CallerReading(std::int64_t user_id) {
  return {.key = fmt::format("reading user {}", user_id), .most = 1};
}

}  // namespace berth::hub
