// The messages between agents and the hub. Their wire names and fields: message_fields.h. Values;
// safe from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/roles.h"
#include "control/values.h"

namespace berth::control {

// --- Agent → hub ------------------------------------------------------------------------------

/// An agent's first message: which instance it is for. Answered by Registered.
struct Register {
  static constexpr std::string_view kType = "register";
  static constexpr Senders kSenders = Only(Sender::kAgent);
  std::string client_id{};
  std::string user_token{};  ///< Secret. Version 1 only: our agent authenticates by header.
  Metadata metadata{};
  std::string tunnel{};  ///< Ours: a fresh random name for this tunnel, for Assertion::tunnel.
  bool operator==(const Register&) const = default;
};

/// What the instance does, whenever that changes and after Command::kRefreshStatus. Not answered.
struct StatusUpdate {
  static constexpr std::string_view kType = "status_update";
  static constexpr Senders kSenders = Only(Sender::kAgent);
  std::string client_id{};
  Status status = Status::kIdle;
  bool needs_you = false;               ///< Ours: some session waits for its user.
  std::vector<SessionInfo> sessions{};  ///< Ours: those that run, wait or failed; at most 64.
  std::optional<State> state{};         ///< Ours.
  bool no_answer = false;               ///< Ours: the instance was asked and gives no answer.
  // Ours: what the instance is, if that is not what was registered; both or neither.
  std::string version{};
  std::string adapter{};  ///< Empty: no news.
  bool operator==(const StatusUpdate&) const = default;
};

/// From agents and browsers; answered by Pong.
struct Ping {
  static constexpr std::string_view kType = "ping";
  static constexpr Senders kSenders = Sender::kAgent | Sender::kBrowser;
  std::string client_id{};  ///< Empty from a browser.
  bool operator==(const Ping&) const = default;
};

/// The whole response to one HttpProxyRequest (version 1).
struct HttpProxyResponse {
  static constexpr std::string_view kType = "http_proxy_response";
  static constexpr Senders kSenders = Only(Sender::kAgent);
  std::string request_id{};
  std::int64_t status = 0;
  Headers headers{};
  std::string body{};
  bool operator==(const HttpProxyResponse&) const = default;
};

/// Part of the answer to a UserRequest.
struct UserResponse {
  static constexpr std::string_view kType = "response";
  static constexpr Senders kSenders = Only(Sender::kAgent);
  std::string request_id{};
  Json data{};
  bool operator==(const UserResponse&) const = default;
};

/// The same, when more of it follows.
struct UserResponseChunk {
  static constexpr std::string_view kType = "response_chunk";
  static constexpr Senders kSenders = Only(Sender::kAgent);
  std::string request_id{};
  Json data{};
  bool operator==(const UserResponseChunk&) const = default;
};

/// The end of the answer to a UserRequest. Nothing more comes under its id.
struct UserResponseComplete {
  static constexpr std::string_view kType = "response_complete";
  static constexpr Senders kSenders = Only(Sender::kAgent);
  std::string request_id{};
  std::optional<Json> data{};  ///< May hold {code, reason}.
  bool operator==(const UserResponseComplete&) const = default;
};

/// Ours: what became of an Answer.
struct AnswerResult {
  static constexpr std::string_view kType = "answer_result";
  static constexpr Senders kSenders = Only(Sender::kAgent);
  enum class Outcome {
    kSent,    ///< The instance took it.
    kGone,    ///< The question is not open any more: somebody else answered, or it was given up.
    kFailed,  ///< It could not be given; `message` says why, for people.
    kUnconfirmed,  ///< It was given, and nobody knows what became of it; `message` says why.
  };
  std::string request_id{};
  Outcome outcome = Outcome::kFailed;
  std::string message{};
  bool operator==(const AnswerResult&) const = default;
};
std::string_view ToString(AnswerResult::Outcome outcome);

/// A failure of one request, or of the connection; from anybody to anybody.
struct ErrorMessage {
  static constexpr std::string_view kType = "error";
  static constexpr Senders kSenders =
      (Sender::kAgent | Sender::kBrowser) | (Sender::kHubToAgent | Sender::kHubToBrowser);
  std::string request_id{};  ///< Empty: of the connection.
  std::string message{};
  bool auth_error = false;
  bool operator==(const ErrorMessage&) const = default;
};

// --- Hub → agent ------------------------------------------------------------------------------

/// Ours: that an older key of the hub vouches for a newer one.
struct Endorsement {
  std::string key_id{};     ///< Of the older key.
  std::string signature{};  ///< Over EndorsementText(newer key), base64url.
  bool operator==(const Endorsement&) const = default;
};

/// Ours: a key that the hub signs its assertions with (control/assertion.h).
struct HubKey {
  std::string public_key{};                 ///< Base64url, as Ed25519PublicKey::Text().
  std::vector<Endorsement> endorsements{};  ///< At most 64.
  bool operator==(const HubKey&) const = default;
};

/// Ours: what a hub says of itself.
struct HubInfo {
  std::string version{};
  std::string url{};           ///< Where users open this instance.
  std::vector<HubKey> keys{};  ///< The newest first; at most 64.
  bool operator==(const HubInfo&) const = default;
};

/// The answer to Register. Without success the agent leaves, and does not come back by itself.
struct Registered {
  static constexpr std::string_view kType = "registered";
  static constexpr Senders kSenders = Only(Sender::kHubToAgent);
  bool success = false;
  std::string message{};
  HubInfo hub{};
  bool operator==(const Registered&) const = default;
};

/// The answer to Ping, with its `client_id`.
struct Pong {
  static constexpr std::string_view kType = "pong";
  static constexpr Senders kSenders = Sender::kHubToAgent | Sender::kHubToBrowser;
  std::string client_id{};
  bool operator==(const Pong&) const = default;
};

/// What the agent is to do now. Not answered but by what it asks for.
struct Command {
  static constexpr std::string_view kType = "command";
  static constexpr Senders kSenders = Only(Sender::kHubToAgent);
  enum class Kind {
    kDisconnect,     ///< Leave, and do not come back.
    kRefreshStatus,  ///< Send a StatusUpdate now.
  };
  Kind command = Kind::kRefreshStatus;
  bool operator==(const Command&) const = default;
};

/// Ours: the hub has a new key. From now on it signs with the first one.
struct HubKeys {
  static constexpr std::string_view kType = "hub_keys";
  static constexpr Senders kSenders = Only(Sender::kHubToAgent);
  std::vector<HubKey> keys{};  ///< As in HubInfo.
  bool operator==(const HubKeys&) const = default;
};

/// Ours: a user's answer to the Question of a session; answered by AnswerResult.
struct Answer {
  static constexpr std::string_view kType = "answer";
  static constexpr Senders kSenders = Only(Sender::kHubToAgent);
  std::string request_id{};
  std::string session_id{};
  std::string question_id{};
  bool allow = false;
  std::string message{};  ///< When denied: shown to the model.
  std::map<std::string, std::string>
      answers{};            ///< To a kQuestion: by the question's text, the label that was chosen.
  std::string assertion{};  ///< Who answers, signed as for a stream (assertion.h).
  bool operator==(const Answer&) const = default;
};

/// Ours: a user has looked at the failure of a session; it is no news any more.
struct Seen {
  static constexpr std::string_view kType = "seen";
  static constexpr Senders kSenders = Only(Sender::kHubToAgent);
  std::string session_id{};
  std::string assertion{};  ///< Who has looked, signed as for a stream (assertion.h).
  bool operator==(const Seen&) const = default;
};

/// Ours: another agent registered this id and took over. Nothing more will be delivered.
struct Fenced {
  static constexpr std::string_view kType = "fenced";
  static constexpr Senders kSenders = Only(Sender::kHubToAgent);
  std::string message{};
  bool operator==(const Fenced&) const = default;
};

/// Ours: the sender shuts down; what runs may finish, nothing new is taken.
struct Drain {
  static constexpr std::string_view kType = "drain";
  static constexpr Senders kSenders = Sender::kAgent | Sender::kHubToAgent;
  std::string message{};
  bool operator==(const Drain&) const = default;
};

/// One browser request (version 1).
struct HttpProxyRequest {
  static constexpr std::string_view kType = "http_proxy_request";
  static constexpr Senders kSenders = Only(Sender::kHubToAgent);
  std::string request_id{};
  std::string method{};
  std::string path{};
  Headers headers{};
  std::optional<std::string> body{};
  std::string query{};       ///< Without '?'.
  std::string proxy_base{};  ///< "/clients/ID/proxy"; empty: nothing is to be rewritten.
  bool operator==(const HttpProxyRequest&) const = default;
};

/// A chat message of a browser (version 1). Answered by UserResponses and UserResponseChunks up to
/// a UserResponseComplete, or by ErrorMessage.
struct UserRequest {
  static constexpr std::string_view kType = "user_request";
  static constexpr Senders kSenders = Only(Sender::kHubToAgent);
  std::string request_id{};
  std::string action{};
  Json payload{};
  bool operator==(const UserRequest&) const = default;
};

/// A later message of the same chat (version 1), under the id of the UserRequest that began it.
struct UserRequestFollowUp {
  static constexpr std::string_view kType = "user_request_follow_up";
  static constexpr Senders kSenders = Only(Sender::kHubToAgent);
  std::string request_id{};
  Json payload{};
  bool operator==(const UserRequestFollowUp&) const = default;
};

}  // namespace berth::control
