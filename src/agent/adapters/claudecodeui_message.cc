#include "agent/adapters/claudecodeui_message.h"

#include <boost/json.hpp>

#include "base/json.h"
#include "base/text.h"

namespace berth::agent::claudecodeui {

namespace json = boost::json;

std::string TextOf(const json::object& object, std::string_view name) {
  return std::string(CutUtf8(StringMember(object, name), kMaxText));
}

bool IsTrue(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value && value->is_bool() && value->get_bool();
}

std::optional<WallTime> TimeOf(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (!value) return std::nullopt;
  if (value->is_int64() && value->get_int64() > 0) return FromUnixMs(value->get_int64());
  return value->is_string() ? ParseIso8601(std::string_view(value->get_string())) : std::nullopt;
}

bool IsFailure(const json::object& message) {
  if (const auto* success = message.if_contains("success"); success && success->is_bool()) {
    return !success->get_bool();
  }
  const auto* status = message.if_contains("exitCode");
  return status && status->is_int64() && status->get_int64() != 0;
}

control::Question QuestionOf(const json::object& request, WallTime asked_at) {
  control::Question question{.id = TextOf(request, "requestId"),
                             .tool = TextOf(request, "toolName"),
                             .asked_at = asked_at};
  const bool is_of_the_model =
      question.tool == "AskUserQuestion" || question.tool == "ExitPlanMode";
  if (is_of_the_model) question.kind = control::Question::Kind::kQuestion;
  if (const auto* input = request.if_contains("input")) question.text = json::serialize(*input);
  return question;
}

std::string ReasonOf(const control::Question& question) {
  if (question.tool == "ExitPlanMode") return "asks you to approve its plan";
  if (question.kind == control::Question::Kind::kQuestion) return "asks you a question";
  return question.tool.empty() ? "asks for permission" : "asks to use " + question.tool;
}

std::vector<RunningSession> ParseRunningSessions(const json::value& answer) {
  std::vector<RunningSession> sessions;
  const auto* data = answer.is_object() ? ObjectMember(answer.get_object(), "data") : nullptr;
  const auto* list = data ? ArrayMember(*data, "sessions") : nullptr;
  if (!list) return sessions;
  for (const json::value& entry : *list) {
    if (!entry.is_object() || sessions.size() >= kMaxSessions) continue;
    const json::object& object = entry.get_object();
    RunningSession session{.id = TextOf(object, "sessionId"),
                           .provider = TextOf(object, "provider"),
                           .started_at = TimeOf(object, "startedAt")};
    if (!session.id.empty()) sessions.push_back(std::move(session));
  }
  return sessions;
}

std::vector<RunningSession> ParseActiveSessions(const json::object& providers) {
  std::vector<RunningSession> running;
  for (const auto& [provider, value] : providers) {
    const json::array* const ids = value.if_array();
    if (!ids) continue;
    for (const json::value& entry : *ids) {
      RunningSession session{.provider = std::string(CutUtf8(provider, kMaxText))};
      if (const json::object* const object = entry.if_object()) {
        session.id = TextOf(*object, "id");
        session.started_at = TimeOf(*object, "startedAt");
      } else if (const json::string* const id = entry.if_string()) {
        session.id = CutUtf8(*id, kMaxText);
      }
      if (!session.id.empty() && running.size() < kMaxSessions) {
        running.push_back(std::move(session));
      }
    }
  }
  return running;
}

}  // namespace berth::agent::claudecodeui
