// PendingAnswers: users' answers on their way through one agent's tunnel, until the agent says what
// became of them. Lives on the loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/event.h"
#include "base/result.h"
#include "control/message.h"

namespace berth::hub {

class PendingAnswers {
 public:
  using Send = std::function<Result<void>(const control::Message&)>;

  explicit PendingAnswers(Executor& executor) : executor_(executor) {}
  ~PendingAnswers() { FailAll(); }
  PendingAnswers(const PendingAnswers&) = delete;
  PendingAnswers& operator=(const PendingAnswers&) = delete;

  /// Gives the answer a request id, sends it, and waits for its result: for as long as the caller
  /// likes, even beyond this object's life; kUnconfirmed if the tunnel ended meanwhile. The answer
  /// was not sent where this fails: kUnavailable, or kConflict: too many are on their way.
  Task<Result<control::AnswerResult>> Start(control::Answer answer, const Send& send);
  /// What the agent said; ignored if nobody waits for it.
  void Finish(control::AnswerResult result);
  /// The tunnel ended.
  void FailAll();

 private:
  struct Waiting {
    explicit Waiting(Executor& executor) : done(executor) {}
    Event done;
    std::optional<control::AnswerResult> result;  ///< Empty once `done`: the tunnel ended.
  };
  static Task<Result<control::AnswerResult>> Await(std::shared_ptr<Waiting> waiting);

  Executor& executor_;
  std::map<std::string, std::weak_ptr<Waiting>, std::less<>> waiting_;  // By request id.
  std::uint64_t last_ = 0;
};

}  // namespace berth::hub
