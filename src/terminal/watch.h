// Watching a hub's instances over its dashboard socket, for ever: whatever breaks is opened again.
#pragma once

#include <string_view>

#include "base/result.h"
#include "control/message.h"
#include "terminal/hub_client.h"

namespace berth::terminal {

class WatchObserver {
 public:
  virtual ~WatchObserver() = default;
  /// A message of the hub: ClientList first after each connection, then changes. `text` is its
  /// JSON.
  virtual void OnMessage(const control::Message& message, std::string_view text) = 0;
  /// The connection is gone, or could not be made again; it is tried again by itself.
  virtual void OnLost(const Error& why) = 0;
};

/// Ends only with an error that trying again does not mend: the token (kUnauthorized, kForbidden),
/// the certificate or the address (kInvalid), or any error of the very first attempt. References
/// must outlive the task.
Task<Error> WatchInstances(HubClient& hub, WatchObserver& observer);

}  // namespace berth::terminal
