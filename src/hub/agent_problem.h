// What somebody is told when an agent answers in place of its instance: the agent's word for why
// (control/stream_fields.h) in the hub's own text. Nothing else that the agent wrote is passed on.
#pragma once

#include <optional>
#include <string_view>

#include "base/error.h"
#include "http/message.h"
#include "hub/problem.h"

namespace berth::hub {

struct AgentProblem {
  Problem problem;
  Retry retry = Retry::kNo;  ///< kEvery3Seconds if waiting alone may help.
};

/// Why there is no answer of that instance; nothing if `head` is one, or may be shown as it is.
std::optional<AgentProblem> AgentProblemOf(const http::ResponseHead& head,
                                           std::string_view instance_id);

/// Why an exchange with the agent of that instance failed (H2ClientSession::Exchange). What a
/// browser's own body did wrong the servers answer, whatever is said here (http/error_status.h).
AgentProblem ExchangeProblemOf(const Error& error, std::string_view instance_id);

}  // namespace berth::hub
