// WebSockets at a version-1 instance: the chat socket as user_request and its answers; every other
// one is accepted and closed with the reason, because pages show no other refusal.
#pragma once

#include <memory>

#include "http/message.h"
#include "hub/context.h"
#include "hub/v1_calls.h"

namespace berth::hub {

/// The code that closes a socket which version 1 cannot carry.
inline constexpr std::uint16_t kCannotCarry = 4001;

/// Accepts the upgrade; the bridge runs among hub.sockets until either side leaves. The first
/// message begins a user_request, later ones follow up on it; an answer that ends without closing
/// the socket lets the next message begin another. Always 101.
http::Response OpenV1Socket(HubContext& hub, std::shared_ptr<V1Calls> calls, http::Request request);

}  // namespace berth::hub
