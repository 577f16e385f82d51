// The hub's end of tunnels: GET /ws/connect from agents. Authenticates, registers, and keeps each
// tunnel until it ends, is fenced by a newer one, its token ends, or the token's user is no longer
// admitted to the hub.
#pragma once

#include <cstdint>
#include <map>

#include "http/message.h"
#include "hub/agent_connection.h"
#include "hub/context.h"
#include "identity/access.h"

namespace berth::hub {

class TunnelEndpoint : private identity::AccessObserver {
 public:
  /// `hub` must outlive this object.
  explicit TunnelEndpoint(HubContext& hub);
  ~TunnelEndpoint() override;
  TunnelEndpoint(const TunnelEndpoint&) = delete;
  TunnelEndpoint& operator=(const TunnelEndpoint&) = delete;

  /// Tells every agent that the hub's signing keys changed.
  void AnnounceKeys();

  /// Accepts an agent's upgrade: 101, or an answer that says why not (401 with a bad token, 429
  /// after too many, 503 once hub.stopping is set). The tunnel runs on among hub.sockets.
  Task<Result<http::Response>> Accept(http::Request request);

  /// Tells every agent that the hub goes: what runs may finish, nothing new is taken. REQUIRES:
  /// hub.stopping is set, so that no tunnel comes after that.
  void Drain();

 private:
  /// Closes the tunnels of people who are no longer admitted.
  void OnAccessChanged(const identity::AccessChange& change) override;
  void TellAll(void (AgentConnection::*what)());

  HubContext& hub_;
  AgentConnections running_;
  /// Bytes of the unfinished messages of each user's version-1 instances. Whoever had one stays.
  std::map<std::int64_t, std::size_t> unfinished_;
};

}  // namespace berth::hub
