// V1Peer: one version-1 instance, from the accepted upgrade to the end of its connection. It speaks
// exactly the seed's protocol (docs/protocol.md, "Version 1").
#pragma once

#include <memory>

#include "control/v1_proxy.h"
#include "http/websocket.h"
#include "hub/agent_connection.h"
#include "hub/v1_calls.h"
#include "hub/v1_streams.h"

namespace berth::hub {

class V1Peer : public AgentConnection {
 public:
  /// `request` is the accepted upgrade, `token` what its query proved. `unfinished_of_user` counts
  /// the bytes of unfinished messages of all peers of the token's user. The references must outlive
  /// the peer.
  V1Peer(HubContext& hub, AgentConnections& all, identity::AgentTokenPtr token,
         http::Request request, std::size_t& unfinished_of_user);
  ~V1Peer() override;

  /// The response that completes the upgrade. Call once.
  http::Response TakeResponse();

  /// Serves the connection until it ends, its token ends, or a newer one takes its id.
  Task<void> Run();

  // InstanceLink.
  bool is_open() const override { return !is_over_ && channel_.is_open(); }
  http::Service& streams() override { return streams_; }
  /// Nothing is signed for version 1: X-Orchestrator-* alone says who it is. kForbidden for a
  /// viewer: nothing beside the instance could hold them to looking on.
  Result<std::string> Assert(const identity::PersonPtr& person, std::string_view session_id,
                             control::Role role) override;
  bool is_version_1() const override { return true; }
  std::shared_ptr<V1Calls> version_1() override { return calls_; }
  void Fence(std::string_view reason) override;
  std::optional<Duration> latency() const override { return channel_.latency(); }
  control::Traffic traffic() const override { return traffic_; }

  // AgentConnection.
  void Drain() override;

 private:
  class Arriving;

  /// kTooLarge: with these bytes, the unfinished messages of one user's connections are too much
  /// to hold.
  Result<void> NoteArrived(std::size_t bytes);
  /// The message that was arriving is there, or never will be.
  void NoteFinished();
  Task<void> OnText(std::string_view text);
  /// Whoever waits for an answer that was refused need not wait any longer. A piece of one is lost
  /// from it, and the rest still comes.
  void FailWaiter(const control::Refused& answer);
  Task<void> OnRegister(control::Register registration);
  void OnMessage(control::Message message);
  Task<void> CloseWhenTokenEnds();
  void Refuse(std::string_view why) override;
  Result<void> Send(const control::Message& message) override;
  void FailWaiting() override;
  void Tell(std::string_view error);
  /// Tells why, fails what runs, and closes. The instance may dial again, unless it is told to
  /// leave.
  void Close(std::uint16_t code, std::string_view why);

  http::WebSocketChannel channel_;
  std::shared_ptr<V1Calls> calls_;  ///< Once registered.
  V1Streams streams_;
  Timer register_timer_;
  Job token_end_;
  control::Traffic traffic_;    ///< Of messages.
  std::size_t unfinished_ = 0;  ///< Bytes since the last message, about.
  std::size_t& unfinished_of_user_;
  bool is_draining_ = false;
  bool is_over_ = false;  ///< Closed or fenced: nothing is delivered any more.
};

}  // namespace berth::hub
