// Keeper: keeps one tunnel to the hub up, for ever.
//
//     Keeper keeper(executor, limits, hub, dialer, streams, observer, random);
//     const Error why = co_await keeper.Run();   // in a task of its own
//
// After a loss it tries again with jittered exponential backoff (from limits.reconnect_min on, from
// the start after a tunnel that lived for reconnect_stable), at once when the network changed.
// While nothing answers at the hub's address the delay grows to limits.reconnect_away only, so that
// the agent is back soon after the hub is, however long that took; a hub that answers but cannot
// serve us is given up to reconnect_max. A hub that refuses us (revoked token, id taken by another
// agent) is asked again only every limits.reconnect_refused: two agents with one id do not fight.
// So is a hub that the observer does not trust. Not thread-safe: lives on one loop.
#pragma once

#include <memory>
#include <optional>

#include "base/event.h"
#include "base/limits.h"
#include "tunnel/agent_link.h"
#include "tunnel/backoff.h"

namespace berth::tunnel {

/// Where the tunnel stands.
struct TunnelState {
  enum class Kind {
    kConnecting,    ///< Dialling or registering.
    kConnected,     ///< Registered.
    kWaiting,       ///< Lost or not reached; the next attempt follows in `retry_in`.
    kUnauthorized,  ///< The hub does not accept the token (any more); retried slowly.
    kRefused,       ///< The hub does not let us have the id; retried slowly.
    kFenced,        ///< Another agent took the id; retried slowly.
    kUntrusted,     ///< The observer does not trust the hub; retried slowly.
    kEnded,         ///< Told to leave for good, or drained.
  };
  Kind kind = Kind::kConnecting;
  std::string reason{};  ///< For people; of the hub, or how the last tunnel ended. Not a secret.
  Duration retry_in{};   ///< Until the next attempt, from kWaiting to kUntrusted.
};

class Keeper : private AgentLink::Observer {
 public:
  /// Called from within the keeper, on its loop; must not destroy it.
  class Observer {
   public:
    virtual ~Observer() = default;
    /// What to register as; asked before each attempt, so that it may change.
    virtual control::Register OnRegister() = 0;
    virtual void OnState(const TunnelState& state) = 0;
    /// Whether the hub that would take us is ours; otherwise why not.
    virtual Result<void> CheckHub(const control::Registered& registered) {
      (void)registered;
      return Ok();
    }
    /// Connected: what the hub said of itself. Send the status now.
    virtual void OnRegistered(const control::Registered& registered) = 0;
    /// As AgentLink::Observer::OnMessage.
    virtual void OnMessage(const control::Message& message) = 0;
  };

  /// See AgentLink for `hub`, `dialer` and `streams`. All references must outlive the keeper; `hub`
  /// may change between two attempts.
  Keeper(Executor& executor, const Limits& limits, const HubAddress& hub, http::Service& dialer,
         http::Service& streams, Observer& observer, Backoff::Random random);
  ~Keeper() override;

  /// Runs until the hub tells us to leave for good, or Drain(): kCancelled, with the reason.
  /// Dropping it breaks the tunnel at once.
  Task<Error> Run();

  /// The network changed: a waiting keeper tries now, unless the hub refused it. An attempt that is
  /// not through yet begins anew, once, because it may wait for an answer to the network before. A
  /// tunnel that is up is pinged, so that a dead one shows soon.
  void NetworkChanged();
  /// What the hub refused is another now (its address's token, say): a waiting keeper tries at
  /// once.
  void TryNow() { wake_.Set(); }
  /// Queues a message to the hub. kUnavailable: not connected; it is not kept for later.
  Result<void> Send(const control::Message& message);
  /// Lets the streams that run finish, leaves, and does not come back. Run() ends then.
  void Drain(std::string_view why);

  const TunnelState& state() const { return state_; }
  /// The round trip of the last answered ping of the present tunnel.
  std::optional<Duration> latency() const;

 private:
  Result<void> CheckHub(const control::Registered& registered) override;
  void OnRegistered(const control::Registered& registered) override;
  void OnMessage(const control::Message& message) override;
  Task<Error> RunOnce();
  TunnelState AfterLoss(const Error& why);
  Task<void> WaitBefore(Duration delay);
  void Report(TunnelState state);

  Executor& executor_;
  const Limits& limits_;
  const HubAddress& hub_;
  http::Service& dialer_;
  http::Service& streams_;
  Observer& observer_;
  Backoff backoff_;
  TunnelState state_;
  std::unique_ptr<AgentLink> link_;  // The present attempt; null between two.
  Event wake_;                       // Ends a wait: the network changed, or Drain().
  bool is_draining_ = false;
  bool is_cut_short_ = false;   // The present attempt, by a change of the network.
  bool is_begun_anew_ = false;  // The present attempt followed one that was cut short.
  bool was_answered_ = false;   // By the hub, in the last attempt.
  bool is_untrusted_ = false;   // The observer refused it, in the last attempt.
  TimePoint connected_at_{};
};

}  // namespace berth::tunnel
