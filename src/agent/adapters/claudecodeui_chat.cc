#include "agent/adapters/claudecodeui_chat.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "agent/json_request.h"

namespace berth::agent {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxMessage = 64 * 1024;
constexpr std::size_t kMaxQuestions = 64;
constexpr std::size_t kMaxSessions = 64;
constexpr std::size_t kMaxText = 200;

// The instance writes "kind" first. What does not begin like one of these is of no interest.
constexpr std::array<std::string_view, 4> kWanted = {
    R"({"kind":"permission_)", R"({"kind":"complete")", R"({"kind":"tool_result")",
    R"({"kind":"chat_subscribed")"};

bool MayBeWanted(std::string_view begun) {
  return std::ranges::any_of(kWanted, [begun](std::string_view wanted) {
    const std::size_t size = std::min(begun.size(), wanted.size());
    return begun.substr(0, size) == wanted.substr(0, size);
  });
}

std::string StringMember(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (!value || !value->is_string()) return "";
  return std::string(value->get_string()).substr(0, kMaxText);
}

}  // namespace

void OpenQuestions::Ask(std::string id, Question question) {
  if (id.empty() || questions_.size() >= kMaxQuestions) return;
  if (questions_.emplace(std::move(id), std::move(question)).second) Changed();
}

void OpenQuestions::ForgetSession(std::string_view session) {
  if (std::erase_if(questions_, [session](const auto& entry) {
        return entry.second.session == session || entry.second.session.empty();
      }) > 0) {
    Changed();
  }
}

void OpenQuestions::OnMessage(std::string_view text) {
  const auto parsed = ParseJson(text);
  if (!parsed || !parsed->is_object()) return;
  const json::object& message = parsed->get_object();
  const std::string kind = StringMember(message, "kind");
  const std::string session = StringMember(message, "sessionId");
  if (kind == "permission_request") {
    Ask(StringMember(message, "requestId"), {session, StringMember(message, "toolName")});
  } else if (kind == "permission_resolved" || kind == "permission_cancelled") {
    if (questions_.erase(StringMember(message, "requestId")) > 0) Changed();
  } else if (kind == "complete" || kind == "tool_result") {
    ForgetSession(session);
  } else if (kind == "chat_subscribed") {
    // The instance's own list of what is open, after a page was (re)loaded.
    ForgetSession(session);
    const auto* pending = message.if_contains("pendingPermissions");
    if (!pending || !pending->is_array()) return;
    for (const json::value& entry : pending->get_array()) {
      if (!entry.is_object()) continue;
      Ask(StringMember(entry.get_object(), "requestId"),
          {session, StringMember(entry.get_object(), "toolName")});
    }
  }
}

void OpenQuestions::AddTo(std::vector<control::SessionInfo>& running) {
  std::erase_if(questions_, [&running](const auto& entry) {
    return std::ranges::none_of(running, [&entry](const control::SessionInfo& session) {
      return entry.second.session.empty() || session.id == entry.second.session;
    });
  });
  for (control::SessionInfo& session : running) {
    for (const auto& [id, question] : questions_) {
      if (!question.session.empty() && question.session != session.id) continue;
      session.needs_you = true;
      session.reason =
          question.tool.empty() ? "asks for permission" : "asks to use " + question.tool;
    }
  }
}

void OpenQuestions::Clear() {
  if (questions_.empty()) return;
  questions_.clear();
  Changed();
}

void ChatWatch::OnBytes(net::Bytes bytes) {
  std::string_view input = net::AsText(bytes);
  while (!is_lost_ && (!input.empty() || (in_payload_ && left_ == 0))) {
    if (!in_payload_) {
      if (!ReadHeader(input)) return;
      continue;
    }
    const std::size_t size = std::min<std::uint64_t>(left_, input.size());
    TakePayload(input.substr(0, size));
    input.remove_prefix(size);
    left_ -= size;
    if (left_ > 0) return;
    EndFrame();
  }
}

bool ChatWatch::ReadHeader(std::string_view& input) {
  std::size_t extended = 0;
  int length = 0;
  for (;;) {
    if (header_.size() >= 2) {
      length = header_[1] & 0x7f;
      extended = length == 126 ? 2 : length == 127 ? 8 : 0;
      if (header_.size() == 2 + extended) break;
    }
    if (input.empty()) return false;
    header_.push_back(input.front());
    input.remove_prefix(1);
  }
  if (header_[1] & 0x80 || header_[0] & 0x70) is_lost_ = true;  // Masked, or an extension.
  left_ = extended == 0 ? static_cast<std::uint64_t>(length) : 0;
  for (std::size_t i = 2; i < header_.size(); ++i) {
    left_ = left_ << 8 | static_cast<unsigned char>(header_[i]);
  }
  const int opcode = header_[0] & 0x0f;
  is_final_ = (header_[0] & 0x80) != 0;
  is_control_ = opcode >= 8;
  if (opcode == 1) {
    message_.clear();
    is_wanted_ = true;
  } else if (opcode == 2) {
    is_wanted_ = false;
  }
  header_.clear();
  in_payload_ = true;
  return true;
}

void ChatWatch::TakePayload(std::string_view payload) {
  if (is_control_ || !is_wanted_) return;
  if (message_.size() + payload.size() > kMaxMessage) {
    is_wanted_ = false;
  } else {
    message_ += payload;
    is_wanted_ = MayBeWanted(message_);
  }
  if (!is_wanted_) message_.clear();
}

void ChatWatch::EndFrame() {
  in_payload_ = false;
  if (is_control_ || !is_final_) return;
  if (is_wanted_ && !message_.empty()) questions_.OnMessage(message_);
  message_.clear();
}

std::vector<control::SessionInfo> ParseRunningSessions(const json::value& answer) {
  std::vector<control::SessionInfo> sessions;
  const auto* data = answer.is_object() ? answer.get_object().if_contains("data") : nullptr;
  const auto* list =
      data && data->is_object() ? data->get_object().if_contains("sessions") : nullptr;
  if (!list || !list->is_array()) return sessions;
  for (const json::value& entry : list->get_array()) {
    if (!entry.is_object() || sessions.size() >= kMaxSessions) continue;
    control::SessionInfo session;
    session.id = StringMember(entry.get_object(), "sessionId");
    session.provider = StringMember(entry.get_object(), "provider");
    session.is_busy = true;
    if (!session.id.empty()) sessions.push_back(std::move(session));
  }
  return sessions;
}

}  // namespace berth::agent
