// AssertionGate: nothing passes towards the instance unless the hub signed who it is for.
//
// A signature is checked once; what was verified is remembered until it expires, in a bounded
// cache, because the hub sends the same text with every request of ten seconds. Lives on the
// loop.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "agent/hub_trust.h"
#include "base/wall_clock.h"
#include "control/assertion.h"
#include "http/fields.h"

namespace berth::agent {

using AssertionPtr = std::shared_ptr<const control::Assertion>;

class AssertionGate {
 public:
  /// `trust` must outlive the gate.
  AssertionGate(std::string instance_id, const HubTrust& trust, WallClock clock);

  /// From now on only assertions for the tunnel of that name count; "" for none. What is remembered
  /// is forgotten.
  void BeginTunnel(std::string tunnel);
  /// The trusted keys changed: what is remembered is forgotten.
  void Forget() { verified_.clear(); }

  /// The hub speaks version 1, which signs nothing: whom X-Orchestrator-* names is believed, as
  /// that user of GitHub; without them it is nobody in particular.
  void BelieveFields() { believes_fields_ = true; }

  /// Who the request with these fields is from. The error says why nobody, for the log.
  Result<AssertionPtr> Check(const http::Fields& fields);

 private:
  /// Of the end alone, where the signature is, of which each bit is as good as drawn.
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(
          text.substr(text.size() - std::min<std::size_t>(text.size(), 16)));
    }
  };

  const std::string instance_id_;
  const HubTrust& trust_;
  const WallClock clock_;
  std::string tunnel_;
  bool believes_fields_ = false;
  std::unordered_map<std::string, AssertionPtr, TextHash, std::equal_to<>> verified_;
};

}  // namespace berth::agent
