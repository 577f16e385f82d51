#include "control/v1_chat.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "base/json.h"
#include "control/json_reader.h"
#include "http/utf8.h"

namespace berth::control {
namespace {

namespace json = boost::json;

/// The members of an object but `type`, as they came, each followed by a comma.
std::string MembersOf(const JsonDocument& document) {
  std::string members;
  std::size_t index = 0;
  for (const auto& member : document.root.get_object()) {
    const std::string_view text = document.members[index++];
    if (member.key() == "type") continue;
    members += json::serialize(json::string(member.key()));
    members += ':';
    members += text;
    members += ',';
  }
  return members;
}

template <std::size_t N>
bool IsOneOf(std::string_view text, const std::array<std::string_view, N>& list) {
  return std::ranges::find(list, text) != list.end();
}

constexpr std::array<std::string_view, 4> kRunActions = {"claude-command", "cursor-command",
                                                         "codex-command", "chat.send"};
constexpr std::array<std::string_view, 2> kQuestions = {"check-session-status",
                                                        "get-active-sessions"};
constexpr std::array<std::string_view, 3> kOrders = {"abort-session", "cursor-abort",
                                                     "claude-permission-response"};
constexpr std::array<std::string_view, 7> kRunEnds = {
    "claude-complete", "cursor-result", "codex-complete", "claude-error",
    "cursor-error",    "codex-error",   "session-aborted"};
constexpr std::array<std::string_view, 2> kAnswers = {"session-status", "active-sessions"};

}  // namespace

Result<ChatFrame> ParseChatFrame(std::string_view text) {
  auto document = ParseDocument(text);
  if (!document) return std::move(document).error();
  ChatFrame frame;
  frame.action = StringMember(document->root.get_object(), "type");
  if (frame.action.empty() || frame.action.size() > kShortText) {
    return Invalid("the message has no usable \"type\"");
  }
  std::string members = MembersOf(*document);
  if (!members.empty()) members.pop_back();
  frame.payload.text = "{" + members + "}";
  return frame;
}

std::string ComposeChatFrame(std::string_view action, const Json& payload) {
  const std::string type = "\"type\":" + json::serialize(json::string(action)) + "}";
  auto document = ParseDocument(payload.text);
  if (!document) return "{" + type;
  return "{" + MembersOf(*document) + type;
}

std::string ChatText(const Json& data) {
  if (!data.text.starts_with('"')) return data.text;
  const auto value = ParseJson(data.text);
  return value && value->is_string() ? std::string(value->get_string()) : data.text;
}

Json ChatData(std::string_view text) {
  if (text.find('{') != text.npos && ParseDocument(text)) return {std::string(text)};
  return {json::serialize(json::string(text))};
}

ChatClose ParseChatClose(const std::optional<Json>& data) {
  ChatClose close;
  if (!data) return close;
  auto document = ParseDocument(data->text);
  if (!document) return close;
  const json::object& object = document->root.get_object();
  const auto code = IntegerMember(object, "code");
  if (!code) return close;
  close.is_close = true;
  close.code = *code;
  close.reason = StringMember(object, "reason");
  return close;
}

Json ErrorPayload(std::string_view why) {
  return {json::serialize(json::object{{"error", http::ToUtf8(why)}})};
}

Json ChatCloseData(std::int64_t code, std::string_view reason) {
  return {json::serialize(json::object{{"code", code}, {"reason", reason}})};
}

ChatLife LifeOf(std::string_view action) {
  if (IsOneOf(action, kRunActions)) return ChatLife::kUntilRunEnds;
  if (IsOneOf(action, kQuestions)) return ChatLife::kUntilAnswer;
  if (IsOneOf(action, kOrders)) return ChatLife::kOneWay;
  return ChatLife::kSession;
}

bool EndsChat(ChatLife life, std::string_view text) {
  if (life == ChatLife::kSession || life == ChatLife::kOneWay) return false;
  const auto object = ParseJsonObject(text);
  if (!object) return false;
  const std::string_view type = StringMember(*object, "type");
  const std::string_view kind = StringMember(*object, "kind");
  if (kind == "protocol_error") return true;
  if (life == ChatLife::kUntilAnswer) return IsOneOf(type, kAnswers);
  return kind == "complete" || IsOneOf(type, kRunEnds);
}

}  // namespace berth::control
