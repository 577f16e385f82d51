// The control protocol: every message that hub, agents and browsers exchange as JSON text frames.
//
// The wire names and the field list of each message are in message_fields.h; nothing else knows
// them. The version-1 protocol is spoken unchanged; what berth adds (marked "ours") is optional on
// the wire, and unknown fields and types are ignored, so that either end may be older or newer.
// Values; safe from any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "control/agent_messages.h"
#include "control/browser_messages.h"
#include "control/questions.h"
#include "control/roles.h"
#include "control/values.h"

namespace berth::control {

/// A message of a type that we do not know: ignored and counted.
struct Unknown {
  std::string type{};
  bool operator==(const Unknown&) const = default;
};

using Message =
    std::variant<Unknown, Register, StatusUpdate, Ping, HttpProxyResponse, UserResponse,
                 UserResponseChunk, UserResponseComplete, AnswerResult, ErrorMessage, Registered,
                 Pong, Command, HubKeys, Answer, Seen, Fenced, Drain, HttpProxyRequest, UserRequest,
                 UserRequestFollowUp, GetClients, ClientList, ClientListEnd, ClientUpdate,
                 ClientDisconnected, ClientRemoved, ClientVitals, ConnectClient, ConnectResponse,
                 ForwardToClient, ForwardedResponse>;

/// Most bytes and the deepest nesting that Parse takes.
inline constexpr std::size_t kMaxMessage = 1024 * 1024;
inline constexpr std::size_t kMaxDepth = 16;
/// Most keys and values in a message: two bytes of text, "0,", may need a hundred once parsed. The
/// messages that are large hold few and long texts.
inline constexpr std::size_t kMaxValues = 128 * 1024;
/// Most members of one object (why: base/json_scan.h). The largest of ours holds 64 labels; what a
/// version-1 instance's chat says may be anything, and an object like that is lost from it.
inline constexpr std::size_t kMaxMembers = 256;

/// Wrong metadata is an error, or left out: version 1 says little of what is in it.
enum class MetadataReading { kStrict, kLenient };

/// Reads one message. Strict: valid UTF-8, one JSON object, no key twice, at most kMaxDepth deep.
/// kInvalid: malformed, or a field is missing or wrong (the message names it); kTooLarge: more than
/// `max_size` bytes, kMaxValues or kMaxMembers; kForbidden: `from` may not send this type. In all
/// three cases the connection may go on. `metadata` says what becomes of fields of Metadata that
/// are wrong.
Result<Message> Parse(std::string_view text, Sender from, std::size_t max_size = kMaxMessage,
                      MetadataReading metadata = MetadataReading::kStrict);

/// The JSON text of a message. Text of ours that is not UTF-8 has its bad bytes replaced, and what
/// exceeds the bounds of a field is cut. REQUIRES: not Unknown.
std::string Serialise(const Message& message);

/// The JSON object of one instance, as it stands inside ClientList: for GET /clients/{id}.
std::string Serialise(const Client& client);

/// Whether `id` may name an instance: 1 to 128 letters, digits, '.', '_' and '-', not starting with
/// '.'. It appears in paths, host names and logs.
bool IsValidInstanceId(std::string_view id);

}  // namespace berth::control
