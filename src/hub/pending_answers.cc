#include "hub/pending_answers.h"

namespace berth::hub {
namespace {

constexpr std::size_t kMaxWaiting = 16;

Task<Result<control::AnswerResult>> Fail(Error error) { co_return error; }

}  // namespace

Task<Result<control::AnswerResult>> PendingAnswers::Start(control::Answer answer,
                                                          const Send& send) {
  std::erase_if(waiting_, [](const auto& entry) { return entry.second.expired(); });
  if (waiting_.size() >= kMaxWaiting) return Fail(Conflict("too many answers at once"));
  answer.request_id = fmt::format("a{}", ++last_);
  auto sent = send(answer);
  if (!sent) return Fail(std::move(sent).error());
  auto waiting = std::make_shared<Waiting>(executor_);
  waiting_[answer.request_id] = waiting;
  return Await(std::move(waiting));
}

Task<Result<control::AnswerResult>> PendingAnswers::Await(std::shared_ptr<Waiting> waiting) {
  co_await waiting->done.Wait();
  if (waiting->result) co_return std::move(*waiting->result);
  co_return control::AnswerResult{.outcome = control::AnswerResult::Outcome::kUnconfirmed,
                                  .message = "the agent went away"};
}

void PendingAnswers::Finish(control::AnswerResult result) {
  const auto found = waiting_.find(result.request_id);
  if (found == waiting_.end()) return;
  if (const auto waiting = found->second.lock()) {
    waiting->result = std::move(result);
    waiting->done.Set();
  }
  waiting_.erase(found);
}

void PendingAnswers::FailAll() {
  for (const auto& [id, weak] : std::exchange(waiting_, {})) {
    if (const auto waiting = weak.lock()) waiting->done.Set();
  }
}

}  // namespace berth::hub
