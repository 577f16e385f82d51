// Version 1's chat: what an instance's chat socket carries as text frames, as a UserRequest and its
// answers.
//
// A frame is a JSON object with a `type`; a UserRequest names that type as its action and the rest
// as its payload, and the instance puts them together again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "control/message.h"

namespace berth::control {

/// A frame that a page sent on a chat socket, taken apart.
struct ChatFrame {
  std::string action{};
  Json payload{};  ///< The object without its `type`.
};

/// kInvalid: not a JSON object with a string `type` of at most 256 bytes.
Result<ChatFrame> ParseChatFrame(std::string_view text);

/// The frame {...payload, type: action}. A payload that is no object is left out.
std::string ComposeChatFrame(std::string_view action, const Json& payload);

/// The text that a page gets for the `data` of an answer: a string's content, else its JSON.
std::string ChatText(const Json& data);

/// The `data` for a text that an instance sent to a page: the JSON object that it is, else a
/// string.
Json ChatData(std::string_view text);

/// What a UserResponseComplete may hold.
struct ChatClose {
  bool is_close = false;  ///< There was a code: the socket closes.
  std::int64_t code = 0;
  std::string reason{};
};
ChatClose ParseChatClose(const std::optional<Json>& data);
Json ChatCloseData(std::int64_t code, std::string_view reason);

/// How long a request goes on whose first message has this action: some ask for one thing, and it
/// ends with the answer; the others open a session that lasts until one side closes it.
enum class ChatLife {
  kSession,
  kUntilRunEnds,  ///< claude-command, cursor-command, codex-command, chat.send.
  kUntilAnswer,   ///< check-session-status, get-active-sessions.
  kOneWay,  ///< abort-session, cursor-abort, claude-permission-response: no answer of its own.
};
ChatLife LifeOf(std::string_view action);

/// Whether this frame of an instance is the end for such a request.
bool EndsChat(ChatLife life, std::string_view text);

/// The action that ends a session, and the payload of a follow-up that does.
inline constexpr std::string_view kCloseAction = "close";
inline constexpr std::string_view kClosePayload = R"({"type":"close","action":"close"})";

/// The payload of an "error" frame.
Json ErrorPayload(std::string_view why);

}  // namespace berth::control
