// The dashboard socket: GET /ws/connect?type=browser with the hub's cookie (protocol-v1, "Browser ↔
// hub"). The page asks for its instances once and is told of every change from then on.
#pragma once

#include "http/message.h"
#include "hub/context.h"

namespace berth::hub {

/// Accepts the socket: 101, or an error (kForbidden: another origin; kUnauthorized: no session). It
/// lives until the browser leaves, the session ends or the hub drains.
Task<Result<http::Response>> OpenDashboardSocket(HubContext& hub, http::Request request);

}  // namespace berth::hub
