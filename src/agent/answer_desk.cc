#include "agent/answer_desk.h"

#include "base/log.h"

namespace berth::agent {
namespace {

constexpr std::size_t kMaxAnswers = 16;  // That wait for the instance's word.

}  // namespace

void AnswerDesk::Take(const control::Answer& answer) {
  auto admitted = Admit(answer);
  if (admitted) {
    tasks_.Spawn("answer", Give(answer));
  } else {
    Report({.request_id = answer.request_id, .message = admitted.error().message});
  }
}

void AnswerDesk::Take(const control::Seen& seen) {
  auto admitted = forwarder_.AdmitAnswer(seen.assertion);
  if (!admitted) {
    LogInfo("session {} stays unseen: {}", ForLog(seen.session_id, 80), admitted.error().message);
  } else if (adapter_) {
    adapter_->MarkSeen(seen.session_id);
  }
}

Result<void> AnswerDesk::Admit(const control::Answer& answer) {
  auto admitted = forwarder_.AdmitAnswer(answer.assertion);
  if (!admitted) return admitted;
  if (!adapter_) return Unavailable("the instance is not there");
  if (tasks_.size() >= kMaxAnswers) return Conflict("too many answers at once");
  return Ok();
}

Task<void> AnswerDesk::Give(control::Answer answer) {
  control::AnswerResult result = co_await adapter_->GiveAnswer(answer);
  LogInfo("session {}: {} on behalf of a user of the hub: {}", ForLog(answer.session_id, 80),
          answer.allow ? "allowed" : "denied", ToString(result.outcome));
  Report(std::move(result));
}

void AnswerDesk::Report(control::AnswerResult result) {
  auto sent = send_(result);
  if (!sent) LogWarn("what became of an answer was not sent: {}", sent.error().message);
}

}  // namespace berth::agent
