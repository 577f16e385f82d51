// Who may send which control message. Roles are fixed when a socket is authenticated: an agent's
// socket accepts agent messages only, a browser's only browser messages (and each of them only what
// the hub sends to its kind).
#pragma once

#include <cstdint>

namespace berth::control {

/// The sender of a message, by the socket that it came over.
enum class Sender : std::uint8_t {
  kAgent = 1,         ///< Agent (or version-1 instance) → hub.
  kHubToAgent = 2,    ///< Hub → agent.
  kBrowser = 4,       ///< Browser → hub.
  kHubToBrowser = 8,  ///< Hub → browser.
};

/// A set of senders; what message types carry as `kSenders`.
using Senders = std::uint8_t;

constexpr Senders Only(Sender sender) { return static_cast<Senders>(sender); }
constexpr Senders operator|(Sender a, Sender b) {
  return static_cast<Senders>(static_cast<Senders>(a) | static_cast<Senders>(b));
}
constexpr bool MaySend(Senders allowed, Sender sender) {
  return (allowed & static_cast<Senders>(sender)) != 0;
}

}  // namespace berth::control
