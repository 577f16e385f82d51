// AnswerDesk: what users say to the instance's sessions by way of the hub: their answers to
// questions, and that they have seen a failure. What may not be said goes no further; what became
// of an answer is told to the hub.
//
// Lives on the loop.
#pragma once

#include <functional>

#include "agent/forwarder.h"
#include "base/task_group.h"
#include "control/message.h"

namespace berth::agent {

class AnswerDesk {
 public:
  /// To the hub. kUnavailable: it is away.
  using Send = std::function<Result<void>(const control::Message&)>;

  /// `forwarder` knows who may answer. References must outlive the desk.
  AnswerDesk(Executor& executor, Forwarder& forwarder, Send send)
      : forwarder_(forwarder), send_(std::move(send)), tasks_(executor) {}

  /// Who passes things on to the instance; null until that is found. Must outlive the desk.
  void SetAdapter(Adapter* adapter) { adapter_ = adapter; }

  /// Passes an answer on. The hub is told what became of it in any case.
  void Take(const control::Answer& answer);
  /// Passes on that a failure was seen. Nobody is told whether it was.
  void Take(const control::Seen& seen);

 private:
  Result<void> Admit(const control::Answer& answer);
  Task<void> Give(control::Answer answer);
  void Report(control::AnswerResult result);

  Forwarder& forwarder_;
  const Send send_;
  Adapter* adapter_ = nullptr;
  TaskGroup tasks_;  ///< Answers that wait for the instance's word.
};

}  // namespace berth::agent
