// Agent: everything beside one instance, put together: finding it, signing in, the tunnel to the
// hub, forwarding, status, and the instance's own process if we start it.
//
// Nothing has to be there at the start: network, hub and instance are waited for, each on its own.
// Lives on one loop; a worker thread reads files for it.
#pragma once

#include <memory>

#include "agent/answer_desk.h"
#include "agent/forwarder.h"
#include "agent/hub_place.h"
#include "agent/locator.h"
#include "agent/options.h"
#include "agent/supervisor.h"
#include "agent/v1_server.h"
#include "base/log_thinning.h"
#include "base/task_group.h"
#include "http/h1_client.h"
#include "net/dial.h"
#include "net/loop.h"
#include "net/network_change.h"
#include "tunnel/keeper.h"

namespace berth::agent {

class Agent : private tunnel::Keeper::Observer {
 public:
  /// Checks what can be checked and starts nothing. kInvalid: the options are wrong.
  static Result<std::unique_ptr<Agent>> Create(net::Loop& loop, AgentOptions options);
  ~Agent() override;

  /// Runs until the hub tells us to leave for good (the reason), or Drain(). Dropping it breaks the
  /// tunnel; the instance's process ends with this object.
  Task<Error> Run();

  /// Lets what runs finish within limits.drain_grace, leaves the hub, stops the instance if it is
  /// ours. Run() ends too.
  Task<void> Drain();
  bool is_draining() const { return is_draining_; }

 private:
  Agent(net::Loop& loop, AgentOptions options, HubPlace hub_place, net::ProxySettings proxies,
        std::unique_ptr<net::TlsClient> hub_tls, std::unique_ptr<net::TlsClient> instance_tls,
        std::unique_ptr<ThreadWorker> worker, HubTrust trust);

  Task<Result<void>> Leave();
  Task<Result<net::StreamPtr>> DialInstance();
  void NoteDial(const Result<net::StreamPtr>& dialled);
  void StartCommand();
  void OnCommand(const SupervisorEvent& event);
  void SendStatus(const StatusReport& report);
  Task<void> TakeOtherToken();
  Task<void> TakeOtherPins();
  control::Metadata DescribeInstance() const;
  /// What the instance is, as far as it was ever found.
  struct InstanceKind {
    std::string adapter;
    std::string version;
    bool operator==(const InstanceKind&) const = default;
  };
  InstanceKind KindOfInstance() const { return {locator_.adapter_kind(), locator_.version()}; }
  bool is_version_1() const { return hub_.protocol == tunnel::Protocol::kVersion1; }

  control::Register OnRegister() override;
  Result<void> CheckHub(const control::Registered& registered) override;
  void OnState(const tunnel::TunnelState& state) override;
  void OnRegistered(const control::Registered& registered) override;
  void OnMessage(const control::Message& message) override;
  void On(const control::Command& command);
  void On(const control::HubKeys& keys);
  void On(const control::Answer& answer);
  void On(const control::Seen& seen);
  template <class Other>
  void On(const Other&) {}

  net::Loop& loop_;
  AgentOptions options_;
  const Limits limits_;
  const HubPlace hub_place_;
  tunnel::HubAddress hub_;
  const net::ProxySettings proxies_;
  const net::ProxySettings no_proxies_;  // The instance is reached directly, always.
  const std::unique_ptr<net::TlsClient> hub_tls_;
  const std::unique_ptr<net::TlsClient> instance_tls_;  // What holds for the hub is not for it.
  bool is_draining_ = false;
  bool limits_noted_ = false;                   // What version 1 cannot do.
  LogThinning away_{std::chrono::minutes(10)};  // Lines that the hub is away: attempts are many.
  LogThinning undialled_{std::chrono::minutes(10)};  // Lines that we cannot reach the instance.

  // In the order of their dependence; destroyed the other way round.
  const std::unique_ptr<ThreadWorker> worker_;
  HubTrust trust_;
  AssertionGate gate_;
  http::H1Client hub_client_;
  http::H1Client instance_client_;  // Of what is forwarded.
  http::H1Client own_client_;       // Of our own questions, which wait for none of that.
  StatusTracker status_;
  Locator locator_;
  Forwarder forwarder_;
  V1Server v1_server_;  // For a hub of version 1 alone.
  tunnel::Keeper keeper_;
  std::unique_ptr<net::NetworkChange> network_change_;
  std::unique_ptr<Supervisor> supervisor_;
  AnswerDesk answers_;
  InstanceKind told_kind_;  // What the hub knows of it over the present tunnel.
  Event left_;              // Run() has ended.
  Job locating_;
  Job reporting_;
  Job amending_;  // Waits for another token while the hub refuses ours, or for pins that it meets.
};

}  // namespace berth::agent
