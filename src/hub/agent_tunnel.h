// AgentTunnel: one connected agent of ours, from the accepted upgrade to the end of its tunnel.
#pragma once

#include "hub/agent_connection.h"
#include "hub/pending_answers.h"
#include "hub/stream_assertions.h"
#include "tunnel/hub_link.h"

namespace berth::hub {

class AgentTunnel : public AgentConnection, private tunnel::HubLink::Observer {
 public:
  /// The answer to an upgrade that was let in by `token`, and the tunnel, which then runs: on the
  /// connection itself if the request may take it over, else among hub.sockets. It ends when either
  /// side ends it, with its token or its user's admittance, or when a newer one takes its id. `hub`
  /// and `all` must outlive it.
  static http::Response Open(HubContext& hub, AgentConnections& all, identity::AgentTokenPtr token,
                             http::Request request);

  AgentTunnel(HubContext& hub, AgentConnections& all, identity::AgentTokenPtr token,
              std::string address);
  ~AgentTunnel() override;

  // InstanceLink.
  bool is_open() const override { return link_.is_open(); }
  http::Service& streams() override { return link_.streams(); }
  Result<std::string> Assert(const identity::PersonPtr& person, std::string_view session_id,
                             control::Role role) override {
    return assertions_.For(person, session_id, role);
  }
  void Fence(std::string_view reason) override { link_.Fence(reason); }
  Task<Result<control::AnswerResult>> GiveAnswer(control::Answer answer) override;
  Result<void> MarkSeen(control::Seen seen) override { return link_.Send(std::move(seen)); }
  std::optional<Duration> latency() const override { return link_.latency(); }
  control::Traffic traffic() const override { return link_.traffic(); }

  // AgentConnection.
  /// Tells the agent, and signs with the new one from now on.
  void AnnounceKeys() override;
  void Drain() override { link_.Drain("the hub is restarting"); }

 private:
  static Task<void> ServeExchange(std::unique_ptr<AgentTunnel> tunnel);
  static Task<void> ServeConnection(std::unique_ptr<AgentTunnel> tunnel, http::BodyPtr outgoing,
                                    net::StreamPtr stream, std::string first);
  Task<void> Run();
  Task<Result<control::Registered>> OnRegister(control::Register registration) override;
  void OnMessage(control::Message message) override;
  using AgentConnection::On;
  void On(control::AnswerResult result);
  template <class Other>
  void On(const Other&) {}
  Result<void> Send(const control::Message& message) override { return link_.Send(message); }
  void Refuse(std::string_view why) override;
  void FailWaiting() override;

  Duration grace_;  ///< To finish the connection in, at its end.
  StreamAssertions assertions_;
  tunnel::HubLink link_;
  std::unique_ptr<PendingAnswers> answers_;  ///< From the first on.
};

}  // namespace berth::hub
