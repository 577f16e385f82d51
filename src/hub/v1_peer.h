// V1Peer: one version-1 instance, from the accepted upgrade to the end of its connection: the link
// in the registry that speaks exactly the seed's protocol (docs/protocol.md, "Version 1").
#pragma once

#include <memory>

#include "control/v1_proxy.h"
#include "http/websocket.h"
#include "hub/context.h"
#include "hub/registry.h"
#include "hub/report_log.h"
#include "hub/tunnel_endpoint.h"
#include "hub/v1_calls.h"
#include "hub/v1_streams.h"
#include "identity/agent_tokens.h"

namespace berth::hub {

class V1Peer : public InstanceLink {
 public:
  /// `request` is the accepted upgrade, `token` what its query proved. `hub` and `endpoint` must
  /// outlive the peer.
  V1Peer(HubContext& hub, TunnelEndpoint& endpoint, identity::AgentTokenPtr token,
         http::Request request);
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
  void Disconnect() override;
  std::string_view address() const override { return address_; }
  std::optional<Duration> latency() const override { return channel_.latency(); }

  control::Traffic traffic() const override { return traffic_; }

  /// Closes the connection if its token's user is no longer admitted to the hub.
  void CloseUnlessAdmitted();
  /// Lets requests that run finish, then closes; the instance dials again.
  void Drain();

 private:
  class Arriving;

  /// kTooLarge: with these bytes, the unfinished messages of one user's connections are too much
  /// to hold.
  Result<void> NoteArrived(std::size_t bytes);
  Task<void> OnText(std::string_view text);
  /// Whoever waits for an answer that was refused need not wait any longer. A piece of one is lost
  /// from it, and the rest still comes.
  void FailWaiter(const control::Refused& answer);
  Task<void> OnRegister(control::Register registration);
  void OnMessage(control::Message message);
  Task<void> CloseWhenTokenEnds();
  /// Tells the instance that it has no access any more, and why.
  void Refuse(std::string_view why);
  Result<void> Send(const control::Message& message);
  void Tell(std::string_view error);
  /// Tells why, fails what runs, and closes. The instance may dial again, unless it is told to
  /// leave.
  void Close(std::uint16_t code, std::string_view why);
  void Leave(std::string why = {});

  HubContext& hub_;
  TunnelEndpoint& endpoint_;
  const identity::AgentTokenPtr token_;
  const std::string address_;
  std::string id_;  ///< Once registered.
  http::WebSocketChannel channel_;
  std::shared_ptr<V1Calls> calls_;  ///< Once registered.
  V1Streams streams_;
  Timer register_timer_;
  Job token_end_;
  std::uint64_t unknown_messages_ = 0;
  ReportLog reports_;
  control::Traffic traffic_;    ///< Of messages.
  std::size_t unfinished_ = 0;  ///< Bytes since the last message, about.
  bool is_draining_ = false;
  bool is_over_ = false;  ///< Closed or fenced: nothing is delivered any more.
};

}  // namespace berth::hub
