// The control protocol: every message that hub, agents and browsers exchange as JSON text frames.
//
// The wire names and the field list of each message are in message_fields.h; nothing else knows
// them. The version-1 protocol is spoken unchanged; what berth adds (marked "ours") is optional on
// the wire, and unknown fields and types are ignored, so that either end may be older or newer.
// Values; safe from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/wall_clock.h"
#include "control/roles.h"

namespace berth::control {

/// Any JSON value, as the text it came as: passed on, never looked into.
struct Json {
  std::string text = "null";
  bool operator==(const Json&) const = default;
};

/// Header fields as version 1 has them: [[name, value], ...].
using Headers = std::vector<std::pair<std::string, std::string>>;

enum class Status {
  kIdle,          ///< No browser has it open.
  kActive,        ///< A browser has it open.
  kBusy,          ///< The model is generating.
  kDisconnected,  ///< Hub → browser only.
};
std::string_view ToString(Status status);

/// Ours: what an instance as a whole is doing. Of those that apply the last one counts.
enum class State {
  kIdle,      ///< No browser has it open.
  kActive,    ///< A browser has it open.
  kError,     ///< A run failed, and nobody has seen it yet.
  kBusy,      ///< A run is going.
  kNeedsYou,  ///< A run waits for its user. Version 1 reads busy.
  kOffline,   ///< Hub → browser only: its agent is away.
};
std::string_view ToString(State state);

/// Ours: what one session is doing.
enum class SessionState {
  kBusy,      ///< It runs.
  kNeedsYou,  ///< It runs, and waits for its user.
  kError,     ///< Its last run failed, and nobody has seen it yet.
};
std::string_view ToString(SessionState state);

/// Ours: what a session asks its user.
struct Question {
  enum class Kind {
    kPermission,  ///< May the tool run? Allow or deny.
    kQuestion,    ///< The model asks something itself; `text` holds what there is to choose from.
  };
  std::string id{};  ///< The instance's own; an Answer names it.
  Kind kind = Kind::kPermission;
  std::string tool{};
  std::string text{};  ///< The tool's whole input, as JSON; cut with a mark beyond kMaxQuestion.
  WallTime asked_at{};
  bool operator==(const Question&) const = default;
};
std::string_view ToString(Question::Kind kind);

/// Ours: one chat session of an instance that runs, waits for its user or has failed.
struct SessionInfo {
  std::string id{};
  std::string title{};
  std::string project{};
  std::string provider{};
  bool is_busy = false;
  bool needs_you = false;  ///< It waits for an answer or a permission.
  std::string reason{};    ///< What it waits for, in a few words.
  SessionState state = SessionState::kBusy;
  WallTime since{};                    ///< Since when it is in that state; the epoch: unknown.
  std::string error{};                 ///< With kError: what went wrong, in a few words.
  std::optional<Question> question{};  ///< With kNeedsYou, where it is known.
  bool operator==(const SessionInfo&) const = default;
};

/// Ours: bytes of streams, framing included, since the agent connected.
struct Traffic {
  std::int64_t in = 0;   ///< To the instance.
  std::int64_t out = 0;  ///< From the instance.
  bool operator==(const Traffic&) const = default;
};

/// What an instance says of itself. Every field may be empty; all text is bounded.
struct Metadata {
  std::string hostname{};
  std::string platform{};
  std::string project{};
  std::optional<Status> status{};
  std::string version{};  ///< Of the instance.
  std::string callback_url{};
  std::string adapter{};                        ///< Ours: the kind of instance.
  std::string agent_version{};                  ///< Ours: of berth itself.
  std::map<std::string, std::string> labels{};  ///< Ours: free, shown in the dashboard.
  bool operator==(const Metadata&) const = default;
};

// --- Agent → hub ------------------------------------------------------------------------------

struct Register {
  static constexpr std::string_view kType = "register";
  static constexpr Senders kSenders = Only(Sender::kAgent);
  std::string client_id{};
  std::string user_token{};  ///< Secret. Version 1 only: our agent authenticates by header.
  Metadata metadata{};
  std::string tunnel{};  ///< Ours: a fresh random name for this tunnel, for Assertion::tunnel.
  bool operator==(const Register&) const = default;
};

struct StatusUpdate {
  static constexpr std::string_view kType = "status_update";
  static constexpr Senders kSenders = Only(Sender::kAgent);
  std::string client_id{};
  Status status = Status::kIdle;
  bool needs_you = false;               ///< Ours: some session waits for its user.
  std::vector<SessionInfo> sessions{};  ///< Ours: those that run, wait or failed; at most 64.
  std::optional<State> state{};         ///< Ours.
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

struct Registered {
  static constexpr std::string_view kType = "registered";
  static constexpr Senders kSenders = Only(Sender::kHubToAgent);
  bool success = false;
  std::string message{};
  HubInfo hub{};
  bool operator==(const Registered&) const = default;
};

struct Pong {
  static constexpr std::string_view kType = "pong";
  static constexpr Senders kSenders = Sender::kHubToAgent | Sender::kHubToBrowser;
  std::string client_id{};
  bool operator==(const Pong&) const = default;
};

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

/// A chat message of a browser.
struct UserRequest {
  static constexpr std::string_view kType = "user_request";
  static constexpr Senders kSenders = Only(Sender::kHubToAgent);
  std::string request_id{};
  std::string action{};
  Json payload{};
  bool operator==(const UserRequest&) const = default;
};

struct UserRequestFollowUp {
  static constexpr std::string_view kType = "user_request_follow_up";
  static constexpr Senders kSenders = Only(Sender::kHubToAgent);
  std::string request_id{};
  Json payload{};
  bool operator==(const UserRequestFollowUp&) const = default;
};

// --- Browser ↔ hub ----------------------------------------------------------------------------

/// What the dashboard shows of an instance beyond its Metadata.
struct ClientMetadata {
  std::string hostname{};
  std::string project{};
  Status status = Status::kIdle;
  WallTime last_activity{};
  std::string callback_url{};
  // Ours:
  std::string platform{};
  std::string version{};
  std::string adapter{};
  std::string agent_version{};
  std::map<std::string, std::string> labels{};
  bool needs_you = false;
  std::vector<SessionInfo> sessions{};
  State state = State::kIdle;
  WallTime state_since{};  ///< By the hub's clock.
  Traffic traffic{};
  bool operator==(const ClientMetadata&) const = default;
};

/// An instance, as browsers see it.
struct Client {
  std::string id{};
  std::int64_t user_id = 0;
  ClientMetadata metadata{};
  WallTime connected_at{};
  WallTime last_seen{};
  // Ours:
  std::string url{};            ///< Where it opens.
  std::int64_t latency_ms = 0;  ///< 0: not measured.
  std::string role{};           ///< What the browser's user is to it: owner, operator or viewer.
  std::string owner{};          ///< The owner's name, for showing.
  std::string label{};          ///< What its owner calls it; empty: its id.
  std::string path_url{};       ///< Where it opens on the hub's own address; empty: not there.
  bool operator==(const Client&) const = default;
};

struct GetClients {
  static constexpr std::string_view kType = "get_clients";
  static constexpr Senders kSenders = Only(Sender::kBrowser);
  bool vitals = false;  ///< Ours: ClientVitals are wanted too.
  bool operator==(const GetClients&) const = default;
};

struct ClientList {
  static constexpr std::string_view kType = "client_list";
  static constexpr Senders kSenders = Only(Sender::kHubToBrowser);
  std::vector<Client> clients{};
  bool operator==(const ClientList&) const = default;
};

struct ClientUpdate {
  static constexpr std::string_view kType = "client_update";
  static constexpr Senders kSenders = Only(Sender::kHubToBrowser);
  Client client{};
  bool operator==(const ClientUpdate&) const = default;
};

struct ClientDisconnected {
  static constexpr std::string_view kType = "client_disconnected";
  static constexpr Senders kSenders = Only(Sender::kHubToBrowser);
  std::string client_id{};
  bool operator==(const ClientDisconnected&) const = default;
};

/// Ours: the browser's user may no longer see the instance. Follows ClientDisconnected.
struct ClientRemoved {
  static constexpr std::string_view kType = "client_removed";
  static constexpr Senders kSenders = Only(Sender::kHubToBrowser);
  std::string client_id{};
  bool operator==(const ClientRemoved&) const = default;
};

/// What of an instance changes all the time.
struct Vitals {
  std::string id{};
  std::int64_t latency_ms = 0;  ///< 0: not measured.
  Traffic traffic{};            ///< Since it connected.
  bool operator==(const Vitals&) const = default;
};

/// Ours: the vitals that changed, every few seconds. Sent to whoever asked for them with
/// GetClients.
struct ClientVitals {
  static constexpr std::string_view kType = "client_vitals";
  static constexpr Senders kSenders = Only(Sender::kHubToBrowser);
  std::vector<Vitals> clients{};
  bool operator==(const ClientVitals&) const = default;
};

struct ConnectClient {
  static constexpr std::string_view kType = "connect_client";
  static constexpr Senders kSenders = Only(Sender::kBrowser);
  std::string client_id{};
  bool operator==(const ConnectClient&) const = default;
};

struct ConnectResponse {
  static constexpr std::string_view kType = "connect_response";
  static constexpr Senders kSenders = Only(Sender::kHubToBrowser);
  bool success = false;
  std::string client_id{};
  std::string url{};
  std::string message{};
  bool operator==(const ConnectResponse&) const = default;
};

/// Becomes a UserRequest to the agent.
struct ForwardToClient {
  static constexpr std::string_view kType = "forward_to_client";
  static constexpr Senders kSenders = Only(Sender::kBrowser);
  std::string client_id{};
  std::string request_id{};
  std::string action{};
  Json payload{};
  bool operator==(const ForwardToClient&) const = default;
};

struct ForwardedResponse {
  static constexpr std::string_view kType = "forwarded_response";
  static constexpr Senders kSenders = Only(Sender::kHubToBrowser);
  std::string client_id{};
  std::string request_id{};
  Json data{};
  bool complete = false;
  bool operator==(const ForwardedResponse&) const = default;
};

/// A message of a type that we do not know: ignored and counted.
struct Unknown {
  std::string type{};
  bool operator==(const Unknown&) const = default;
};

using Message =
    std::variant<Unknown, Register, StatusUpdate, Ping, HttpProxyResponse, UserResponse,
                 UserResponseChunk, UserResponseComplete, AnswerResult, ErrorMessage, Registered,
                 Pong, Command, HubKeys, Answer, Seen, Fenced, Drain, HttpProxyRequest, UserRequest,
                 UserRequestFollowUp, GetClients, ClientList, ClientUpdate, ClientDisconnected,
                 ClientRemoved, ClientVitals, ConnectClient, ConnectResponse, ForwardToClient,
                 ForwardedResponse>;

/// Most bytes and the deepest nesting that Parse takes.
inline constexpr std::size_t kMaxMessage = 1024 * 1024;
inline constexpr std::size_t kMaxDepth = 16;
/// Most bytes of a Question's text, and of all of them in one StatusUpdate: even escaped, the
/// message stays below kMaxMessage.
inline constexpr std::size_t kMaxQuestion = 16 * 1024;
inline constexpr std::size_t kMaxQuestions = 128 * 1024;

/// Wrong metadata is an error, or left out: version 1 says little of what is in it.
enum class MetadataReading { kStrict, kLenient };

/// Reads one message. Strict: valid UTF-8, one JSON object, no key twice, at most kMaxDepth deep.
/// kInvalid: malformed, or a field is missing or wrong (the message names it); kTooLarge: more than
/// `max_size` bytes; kForbidden: `from` may not send this type. In all three cases the connection
/// may go on.
/// `metadata` says what becomes of fields of Metadata that are wrong.
Result<Message> Parse(std::string_view text, Sender from, std::size_t max_size = kMaxMessage,
                      MetadataReading metadata = MetadataReading::kStrict);

/// The JSON text of a message. Text of ours that is not UTF-8 has its bad bytes replaced, and what
/// exceeds the bounds of a field is cut. REQUIRES: not Unknown.
std::string Serialise(const Message& message);

/// The JSON object of one instance, as it stands inside ClientList: for GET /clients/{id}.
std::string Serialise(const Client& client);

/// The wire name of its type.
std::string_view TypeOf(const Message& message);

/// Whether `id` may name an instance: 1 to 128 letters, digits, '.', '_' and '-', not starting with
/// '.'. It appears in paths, host names and logs.
bool IsValidInstanceId(std::string_view id);

}  // namespace berth::control
