// AgentTunnel: one connected agent of ours, from the accepted upgrade to the end of its tunnel: the
// link in the registry, and its row in the store.
#pragma once

#include "hub/context.h"
#include "hub/pending_answers.h"
#include "hub/registry.h"
#include "hub/report_log.h"
#include "hub/stream_assertions.h"
#include "hub/tunnel_endpoint.h"
#include "identity/agent_tokens.h"
#include "identity/audit.h"
#include "tunnel/hub_link.h"

namespace berth::hub {

class AgentTunnel : public InstanceLink, private tunnel::HubLink::Observer {
 public:
  /// The answer to an upgrade that was let in by `token`, and the tunnel, which then runs: on the
  /// connection itself if the request may take it over, else among hub.sockets. It ends when either
  /// side ends it, with its token or its user's admittance, or when a newer one takes its id. `hub`
  /// and `endpoint` must outlive it.
  static http::Response Open(HubContext& hub, TunnelEndpoint& endpoint,
                             identity::AgentTokenPtr token, http::Request request);

  AgentTunnel(HubContext& hub, TunnelEndpoint& endpoint, identity::AgentTokenPtr token,
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
  void Disconnect() override;
  Task<Result<control::AnswerResult>> GiveAnswer(control::Answer answer) override;
  Result<void> MarkSeen(control::Seen seen) override { return link_.Send(std::move(seen)); }
  std::optional<Duration> latency() const override { return link_.latency(); }
  std::string_view address() const override { return address_; }
  control::Traffic traffic() const override { return link_.traffic(); }

  /// The hub's keys changed: tells the agent, and signs with the new one from now on.
  void AnnounceKeys();
  /// Closes the tunnel if its token's user is no longer admitted to the hub.
  void CloseUnlessAdmitted();
  void Drain() { link_.Drain("the hub is restarting"); }

 private:
  static Task<void> ServeExchange(std::unique_ptr<AgentTunnel> tunnel);
  static Task<void> ServeConnection(std::unique_ptr<AgentTunnel> tunnel, http::BodyPtr outgoing,
                                    net::StreamPtr stream, std::string first);
  Task<void> Run();
  Task<Result<control::Registered>> OnRegister(control::Register registration) override;
  void OnMessage(control::Message message) override;
  /// Tells the agent that it has no access any more, and why. It is away from then on, whether it
  /// answers or not.
  void Refuse(std::string_view why);
  void Leave(std::string why = {});

  HubContext& hub_;
  TunnelEndpoint& endpoint_;
  const identity::AgentTokenPtr token_;
  const std::string address_;
  Duration grace_;                      ///< To finish the connection in, at its end.
  std::string id_;                      ///< Once registered.
  std::uint64_t unknown_messages_ = 0;  ///< Of types that this hub does not know.
  ReportLog reports_;
  StreamAssertions assertions_;
  tunnel::HubLink link_;
  std::unique_ptr<PendingAnswers> answers_;  ///< From the first on.
};

}  // namespace berth::hub
