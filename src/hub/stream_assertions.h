// StreamAssertions: what the hub signs about the users of one tunnel, for its agent to check
// (control/assertion.h). One signature serves a session for ten seconds.
//
// Lives on the loop, as long as its tunnel.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/wall_clock.h"
#include "control/assertion.h"
#include "control/message.h"
#include "identity/access.h"
#include "identity/people.h"
#include "identity/signing_keys.h"

namespace berth::hub {

/// The role as agents are told it.
control::Role AssertedRole(identity::InstanceRole role);

class StreamAssertions {
 public:
  /// All must outlive this object. `instance_id` counts as it is when one is made.
  StreamAssertions(const identity::SigningKeys& keys, const WallClock& clock,
                   const std::string& instance_id)
      : keys_(keys), clock_(clock), instance_id_(instance_id) {}

  /// The agent registered and called its tunnel `tunnel`; "" for an agent that does not ask for
  /// assertions.
  void Begin(std::string tunnel);

  /// What to tell the agent of our keys. What is signed from now on, is signed with the first.
  std::vector<control::HubKey> Announce();

  /// The assertion for a stream of `person`, who is signed in by the session of that id (not a
  /// secret); "" if the agent does not ask for any. kInvalid: there is something about the person
  /// that cannot be signed.
  Result<std::string> For(const identity::PersonPtr& person, std::string_view session_id,
                          control::Role role);

 private:
  struct Made {
    identity::PersonPtr person;  ///< As it was; held, so that its address is nobody else's.
    std::string text;
    WallTime until;
  };
  using Kept = std::map<std::tuple<std::string, control::Role>, Made, std::less<>>;

  Result<std::string> Make(const store::User& user, control::Role role, WallTime now) const;
  void MakeRoom(WallTime now);

  const identity::SigningKeys& keys_;
  const WallClock& clock_;
  const std::string& instance_id_;
  std::string tunnel_;
  std::string key_id_;          ///< Of the newest key that the agent was told.
  std::unique_ptr<Kept> made_;  ///< From the first on: most tunnels are idle.
};

}  // namespace berth::hub
