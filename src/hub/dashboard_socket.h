// The dashboard socket: GET /ws/connect?type=browser with the hub's cookie (protocol-v1, "Browser ↔
// hub"), or with an API token that has the scope instances:read. The page asks for its instances
// once and is told of every change from then on. A token only watches: it sends no chat messages.
#pragma once

#include "http/message.h"
#include "hub/context.h"

namespace berth::hub {

/// Accepts the socket: 101, a refusal of the token, or an error (kForbidden: another origin;
/// kUnauthorized: no session). It lives until the browser leaves, the session or token ends or the
/// hub drains; where limits.dashboards of its user are open already, it is closed with 1013.
Task<Result<http::Response>> OpenDashboardSocket(HubContext& hub, http::Request request);

}  // namespace berth::hub
