#include "hub/agent_problem.h"

#include "control/stream_fields.h"

namespace berth::hub {
namespace {

namespace stream_error = control::stream_error;

/// Why the agent did not let somebody through.
Problem RefusedProblem(std::string_view error, std::string_view instance_id) {
  Problem problem{403, "The instance's agent refuses this", ""};
  if (error == stream_error::kNotAllowed) {
    problem.detail = fmt::format(
        "The agent of \"{}\" has a list of its own of who may use it, and you are not on it.",
        instance_id);
  } else if (error == stream_error::kReadOnly) {
    problem.title = "You may only look";
    problem.detail = "This instance is shared with you as a viewer, so nothing can be sent to it.";
  } else if (error == stream_error::kNotByPage) {
    problem.title = "Not by a link";
    problem.detail = fmt::format(
        "This address changes something at \"{}\", so only the instance's own page may ask for it.",
        instance_id);
  } else if (error == stream_error::kNotInTime) {
    problem.detail = fmt::format(
        "The clock of this hub and that of the machine of \"{}\" differ by more than 15 seconds. "
        "Set them right.",
        instance_id);
  } else {
    problem.detail = fmt::format(
        "The agent of \"{}\" does not take this hub's word for who you are. Its log says why.",
        instance_id);
  }
  return problem;
}

/// Why the instance gave no answer that could be passed on.
AgentProblem FailedProblem(int status, std::string_view error, std::string_view instance_id) {
  Problem problem{status, "The instance does not answer", ""};
  Retry retry = Retry::kEvery3Seconds;
  if (error == stream_error::kTimeout) {
    problem.detail = fmt::format(
        "The web UI of \"{}\" took the request and gave no answer in time. It may be busy.",
        instance_id);
  } else if (error == stream_error::kInvalid) {
    problem.title = "The instance's answer is unusable";
    problem.detail = fmt::format(
        "What answers in place of the web UI of \"{}\" does not speak HTTP as it should. Check "
        "the address that its agent asks (--instance), and the web UI's own log.",
        instance_id);
    retry = Retry::kNo;
  } else if (error == stream_error::kForeign) {
    problem.detail = fmt::format(
        "Another user of that machine listens where the web UI of \"{}\" should be, and gets "
        "nothing. The agent's log says who, and how to allow it.",
        instance_id);
  } else if (error == stream_error::kAgentFailed) {
    problem.title = "The agent cannot ask the instance";
    problem.detail = fmt::format(
        "The agent of \"{}\" is connected, and lacks something of its machine to ask the web UI "
        "with, open files perhaps. Its log says what.",
        instance_id);
  } else if (error == stream_error::kFailed) {
    problem.title = "The instance failed";
    problem.detail = fmt::format(
        "\"{}\" reported an error instead of an answer. Its own log may say more.", instance_id);
    retry = Retry::kNo;
  } else {
    problem.detail = fmt::format(
        "The agent of \"{}\" is connected, but the web UI behind it does not answer. It may be "
        "starting.",
        instance_id);
  }
  return {.problem = std::move(problem), .retry = retry};
}

}  // namespace

std::optional<AgentProblem> AgentProblemOf(const http::ResponseHead& head,
                                           std::string_view instance_id) {
  const auto error = head.fields.Find(control::kErrorField);
  if (!error) return std::nullopt;
  if (head.status == 403) return AgentProblem{.problem = RefusedProblem(*error, instance_id)};
  if (head.status < 500) return std::nullopt;
  return FailedProblem(head.status, *error, instance_id);
}

AgentProblem ExchangeProblemOf(const Error& error, std::string_view instance_id) {
  if (error.kind == ErrorKind::kCancelled) {
    return {.problem = {502, "The agent gave up",
                        fmt::format("The agent of \"{}\" ended the request before there was an "
                                    "answer, or takes no more. It may be stopping.",
                                    instance_id)},
            .retry = Retry::kEvery3Seconds};
  }
  if (error.kind == ErrorKind::kUnavailable) {
    return {.problem = {502, "The agent was lost",
                        fmt::format("The agent of \"{}\" broke off, or the connection to it did, "
                                    "before there was an answer. What was sent may have been done, "
                                    "or not.",
                                    instance_id)},
            .retry = Retry::kEvery3Seconds};
  }
  if (error.kind == ErrorKind::kConflict) {
    return {.problem = {503, "Too many at once",
                        fmt::format("As many requests and WebSockets are open at \"{}\" as its "
                                    "tunnel carries (tunnel_streams). Close what you do not need, "
                                    "or try again.",
                                    instance_id)},
            .retry = Retry::kEvery3Seconds};
  }
  if (error.kind != ErrorKind::kInvalid) {
    return {.problem = ProblemOf(error), .retry = Retry::kEvery3Seconds};
  }
  return {.problem = {502, "The agent's answer is unusable",
                      fmt::format("What the agent of \"{}\" answered is not valid HTTP, or names "
                                  "what this hub does not hold. Its log may say more; if it is "
                                  "older than the hub, update it.",
                                  instance_id)}};
}

}  // namespace berth::hub
