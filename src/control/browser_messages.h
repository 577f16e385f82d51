// The messages between browsers and the hub; Ping, Pong and ErrorMessage, which agents have too,
// are in agent_messages.h. Their wire names and fields: message_fields.h. Values; safe from any
// thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/wall_clock.h"
#include "control/roles.h"
#include "control/values.h"

namespace berth::control {

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
  bool no_answer = false;      ///< The instance gives its agent no answer.
  bool awaits_status = false;  ///< No status since it connected: what it does is not known yet.
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

/// Asks for the instances that the browser's user may see, and for news of them from then on.
/// Answered by ClientList.
struct GetClients {
  static constexpr std::string_view kType = "get_clients";
  static constexpr Senders kSenders = Only(Sender::kBrowser);
  bool vitals = false;  ///< Ours: ClientVitals are wanted too.
  bool operator==(const GetClients&) const = default;
};

/// The answer to GetClients.
struct ClientList {
  static constexpr std::string_view kType = "client_list";
  static constexpr Senders kSenders = Only(Sender::kHubToBrowser);
  std::vector<Client> clients{};
  bool more = false;  ///< Ours: the rest follows as ClientUpdates, up to ClientListEnd.
  bool operator==(const ClientList&) const = default;
};

/// Ours: every instance was told since a ClientList with `more`. Whatever was not is gone.
struct ClientListEnd {
  static constexpr std::string_view kType = "client_list_end";
  static constexpr Senders kSenders = Only(Sender::kHubToBrowser);
  bool operator==(const ClientListEnd&) const = default;
};

/// An instance is new to the browser, or is not what it was told before; after GetClients.
struct ClientUpdate {
  static constexpr std::string_view kType = "client_update";
  static constexpr Senders kSenders = Only(Sender::kHubToBrowser);
  Client client{};
  bool operator==(const ClientUpdate&) const = default;
};

/// An instance's agent is gone; after GetClients.
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

/// Asks where to open an instance. Answered by ConnectResponse.
struct ConnectClient {
  static constexpr std::string_view kType = "connect_client";
  static constexpr Senders kSenders = Only(Sender::kBrowser);
  std::string client_id{};
  bool operator==(const ConnectClient&) const = default;
};

/// The answer to ConnectClient: `url`, or with no success `message`, for people.
struct ConnectResponse {
  static constexpr std::string_view kType = "connect_response";
  static constexpr Senders kSenders = Only(Sender::kHubToBrowser);
  bool success = false;
  std::string client_id{};
  std::string url{};
  std::string message{};
  bool operator==(const ConnectResponse&) const = default;
};

/// A chat message to an instance; becomes a UserRequest to its agent. Answered by
/// ForwardedResponses, or by ErrorMessage.
struct ForwardToClient {
  static constexpr std::string_view kType = "forward_to_client";
  static constexpr Senders kSenders = Only(Sender::kBrowser);
  std::string client_id{};
  std::string request_id{};
  std::string action{};
  Json payload{};
  bool operator==(const ForwardToClient&) const = default;
};

/// A part of the answer to a ForwardToClient, the last one if it is `complete`.
struct ForwardedResponse {
  static constexpr std::string_view kType = "forwarded_response";
  static constexpr Senders kSenders = Only(Sender::kHubToBrowser);
  std::string client_id{};
  std::string request_id{};
  Json data{};
  bool complete = false;
  bool operator==(const ForwardedResponse&) const = default;
};

}  // namespace berth::control
