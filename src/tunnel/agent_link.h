// AgentLink: the agent's end of one tunnel: dials the hub, registers, serves streams until it ends.
//
// One link is one attempt; keeper.h makes the next. Not thread-safe: lives on one loop.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/event.h"
#include "base/secret.h"
#include "http/message.h"
#include "tunnel/link.h"

namespace berth::tunnel {

/// Where the hub is, and who we are.
struct HubAddress {
  std::string scheme;                  ///< "https", or "http" on loopback.
  std::string authority;               ///< Host and :port.
  std::string target = "/ws/connect";  ///< With the path in front that the hub may live under.
  Secret token;  ///< Sent as a bearer token; in the URL only to a hub of version 1.
  Protocol protocol = Protocol::kTunnel;
};

class AgentLink : private LinkOwner {
 public:
  /// Called from within Run(); must not destroy the link.
  class Observer {
   public:
    virtual ~Observer() = default;
    /// The hub would take us: do we take it? An error ends the link with it.
    virtual Result<void> CheckHub(const control::Registered& registered) {
      (void)registered;
      return Ok();
    }
    /// The hub took us.
    virtual void OnRegistered(const control::Registered& registered) = 0;
    /// Any other message that means something to the agent: Command (kRefreshStatus), Drain,
    /// HubKeys, and the requests of version 1.
    virtual void OnMessage(const control::Message& message) = 0;
  };

  /// `dialer` performs the upgrade exchange with the hub; `streams` serves what comes through the
  /// tunnel. All references must outlive the link.
  AgentLink(Executor& executor, const Limits& limits, const HubAddress& hub,
            control::Register registration, http::Service& dialer, http::Service& streams,
            Observer& observer);
  ~AgentLink() override;

  /// Dials, registers and serves until the tunnel ends; says why, by what to do next:
  /// kUnavailable, kTimeout: try again; kUnauthorized: the hub does not know the token; kForbidden:
  /// it refuses this id; kConflict: another agent took it; kCancelled: the hub told us to leave for
  /// good, or we left; kInvalid: this is not a hub that we can talk to (a version-1 hub, or none).
  Task<Error> Run();

  /// Queues a message to the hub. kUnavailable: not registered (yet, or any more).
  Result<void> Send(const control::Message& message);
  /// Lets the streams that run finish and takes no new ones, then leaves.
  void Drain(std::string_view why);
  /// Probes the tunnel now, rather than after a silence.
  void Ping();

  bool is_registered() const { return is_registered_; }
  /// Something at the hub's address answered, whatever it said.
  bool is_answered() const { return is_answered_; }
  /// The hub has said why this attempt ends; what is left is to close.
  bool is_told() const { return told_.has_value(); }
  /// The round trip of the last answered ping.
  std::optional<Duration> latency() const { return link_.latency(); }

 private:
  Task<void> OnText(std::string_view text) override;
  std::unique_ptr<http::H2Session> MakeSession() override;
  Task<Result<http::Response>> Dial();
  Result<void> CheckResponse(const http::ResponseHead& head) const;
  /// Tells the hub that its message cannot be read, unless that is itself an error.
  void RefuseMessage(std::string_view text, std::string why);
  void On(const control::Registered& registered);
  void On(const control::Fenced& fenced);
  void On(const control::Command& command);
  void On(const control::ErrorMessage& error);
  void On(const control::Pong&);
  template <class Other>
  void On(const Other& message) {
    if (is_registered_) observer_.OnMessage(message);
  }

  Executor& executor_;
  const Limits& limits_;
  const HubAddress& hub_;
  const control::Register registration_;
  http::Service& dialer_;
  http::Service& streams_;
  Observer& observer_;
  Link link_;
  void Beat();

  Event left_;             // Set to give up dialling.
  Timer heartbeat_timer_;  // Version 1: when to say ping.
  Timer pong_timer_;       // Version 1: when to give up on the answer.
  Timer register_timer_;
  bool is_registered_ = false;
  bool is_answered_ = false;
  std::optional<Error> told_;  // What the hub said on the way out: better than how it then closed.
};

}  // namespace berth::tunnel
