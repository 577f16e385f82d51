// POST /api/clients/{id}/answers: a user's answer to what a session of an instance asks.
// POST /api/clients/{id}/seen: a user has looked at the failure of a session.
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/event.h"
#include "hub/api.h"
#include "hub/audit_events.h"
#include "hub/browser.h"
#include "hub/json_body.h"
#include "hub/problem.h"
#include "hub/registry.h"
#include "hub/stream_assertions.h"

namespace berth::hub {
namespace {

using Outcome = control::AnswerResult::Outcome;

// The agent gives up on the instance before.
constexpr Duration kAnswerTimeout = std::chrono::seconds(10);
constexpr std::size_t kMaxId = 256;
constexpr std::size_t kMaxWords = 2048;
constexpr std::size_t kMaxChoices = 64;

Problem AnsweredElsewhere() {
  return {409, "Answered elsewhere",
          "This question is not open any more: it was answered elsewhere, or given up."};
}

Problem NotWhole() {
  return {409, "Shown in part",
          "This question is too long to be shown whole here, so it can only be denied from here: "
          "open its session to allow it."};
}

/// The answer was sent, and may have arrived.
Problem NotConfirmed(std::string_view why) {
  return {504, "Not confirmed", fmt::format("What became of the answer is not known: {}.", why)};
}

Problem NotConnected() {
  return {503, "Not connected", "The instance's agent is away; answer again once it is back."};
}

/// The question, if that session asks it; null otherwise. Valid until the registry next changes.
const control::Question* FindQuestion(const Instance& instance, const control::Answer& answer) {
  for (const control::SessionInfo& session : instance.client.metadata.sessions) {
    if (session.id != answer.session_id || !session.question) continue;
    if (session.question->id == answer.question_id) return &*session.question;
  }
  return nullptr;
}

Task<Result<control::Answer>> ReadAnswer(HubContext& hub, http::Request& request) {
  auto body = co_await JsonBody::Read(hub, request);
  if (!body) co_return std::move(body).error();
  control::Answer answer;
  answer.session_id = body->String("session_id");
  answer.question_id = body->String("question_id");
  answer.allow = body->Bool("allow");
  answer.message = body->StringOrNone("message");
  answer.answers = body->StringMapOrNone("answers");
  auto complete = body->Finish();
  if (!complete) co_return std::move(complete).error();
  if (answer.session_id.size() > kMaxId || answer.question_id.size() > kMaxId) {
    co_return Invalid("an id is too long");
  }
  if (answer.message.size() > kMaxWords) co_return Invalid("member \"message\" is too long");
  if (answer.answers.size() > kMaxChoices) co_return Invalid("member \"answers\" is too long");
  for (const auto& [question, choice] : answer.answers) {
    if (question.size() > control::kMaxQuestion || choice.size() > control::kMaxQuestion) {
      co_return Invalid("member \"answers\" holds a text that is too long");
    }
  }
  co_return answer;
}

http::Response ResponseOf(const control::AnswerResult& result) {
  switch (result.outcome) {
    case Outcome::kSent:
      return JsonResponse(200, boost::json::serialize(boost::json::object{{"outcome", "sent"}}));
    case Outcome::kGone:
      return ProblemResponse(AnsweredElsewhere());
    case Outcome::kUnconfirmed:
      return ProblemResponse(
          NotConfirmed(result.message.empty() ? "the agent cannot say" : result.message));
    case Outcome::kFailed:
      break;
  }
  return ProblemResponse({502, "Not answered",
                          result.message.empty() ? "The agent could not give the answer."
                                                 : "The agent says: " + result.message + "."});
}

}  // namespace

Task<Result<http::Response>> AnswerClient(HubContext& hub, ApiCall call) {
  auto answer = co_await ReadAnswer(hub, call.request);
  if (!answer) co_return ProblemResponse(ExplainedProblem(answer.error()));
  const auto visible = hub.registry.Find(call.id, *call.user);
  if (!visible) co_return NotFound("no such instance");
  const Instance& instance = *visible->instance;
  const control::Question* const question =
      instance.is_live() ? FindQuestion(instance, *answer) : nullptr;
  const std::string detail = fmt::format(
      "{} {} in session {}", answer->allow ? "allow" : "deny",
      question && !question->tool.empty() ? question->tool : "a question", answer->session_id);
  if (visible->role == identity::InstanceRole::kViewer) {
    co_await RecordCall(
        hub, call, identity::audit_action::kAnswer,
        {.result = identity::audit_result::kDenied, .instance_id = call.id, .detail = detail});
    co_return ProblemResponse({403, "Not allowed", "A viewer may look, but not answer."});
  }
  if (!instance.is_live()) co_return ProblemResponse(NotConnected());
  if (question == nullptr) co_return ProblemResponse(AnsweredElsewhere());
  if (answer->allow && question->is_cut) co_return ProblemResponse(NotWhole());
  auto assertion = instance.link->Assert(
      call.user, call.session ? call.session->id : call.token->id, AssertedRole(visible->role));
  if (!assertion) co_return std::move(assertion).error();
  answer->assertion = std::move(*assertion);

  auto result = co_await WithDeadline(hub.executor, kAnswerTimeout, "answer",
                                      instance.link->GiveAnswer(std::move(*answer)));
  const bool is_sent = result && result->outcome == Outcome::kSent;
  co_await RecordCall(
      hub, call, identity::audit_action::kAnswer,
      {.result = is_sent ? identity::audit_result::kOk : identity::audit_result::kFailed,
       .instance_id = call.id,
       .detail = detail});
  if (result) co_return ResponseOf(*result);
  if (result.error().kind == ErrorKind::kUnavailable) co_return ProblemResponse(NotConnected());
  if (result.error().kind == ErrorKind::kTimeout) {
    co_return ProblemResponse(NotConfirmed("the agent did not say in time"));
  }
  if (result.error().kind == ErrorKind::kConflict) {
    co_return ProblemResponse(ExplainedProblem(result.error()));
  }
  co_return std::move(result).error();
}

Task<Result<http::Response>> MarkSeen(HubContext& hub, ApiCall call) {
  auto body = co_await JsonBody::Read(hub, call.request);
  if (!body) co_return ProblemResponse(ExplainedProblem(body.error()));
  control::Seen seen;
  seen.session_id = body->String("session_id");
  auto complete = body->Finish();
  if (!complete) co_return ProblemResponse(ExplainedProblem(complete.error()));
  if (seen.session_id.size() > kMaxId) {
    co_return ProblemResponse(ExplainedProblem(Invalid("an id is too long")));
  }
  const auto visible = hub.registry.Find(call.id, *call.user);
  if (!visible || visible->role == identity::InstanceRole::kViewer) {
    RecordDenied(hub, call, "to mark a failure as seen", call.id);
  }
  if (!visible) co_return NotFound("no such instance");
  if (visible->role == identity::InstanceRole::kViewer) {
    co_return ProblemResponse({403, "Not allowed", "A viewer may look, but change nothing."});
  }
  const Instance& instance = *visible->instance;
  if (!instance.is_live()) co_return ProblemResponse(NotConnected());
  auto assertion = instance.link->Assert(
      call.user, call.session ? call.session->id : call.token->id, AssertedRole(visible->role));
  if (!assertion) co_return std::move(assertion).error();
  seen.assertion = std::move(*assertion);
  auto told = instance.link->MarkSeen(std::move(seen));
  if (!told) co_return ProblemResponse(NotConnected());
  co_return NoContent();
}

}  // namespace berth::hub
