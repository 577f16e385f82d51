// An instance's own origin, {id}.<apps domain> (subdomain mode): the hub's own under /.berth/ (the
// sign-on, and whether the instance is there), and the instance itself for whoever has that
// origin's cookie.
#pragma once

#include "http/message.h"
#include "hub/context.h"

namespace berth::hub {

/// Answers one request at the instance's address. Always a response. Nothing under /.berth/ reaches
/// the instance.
Task<Result<http::Response>> ServeInstanceSite(HubContext& hub, http::Request request,
                                               std::string instance_id);

}  // namespace berth::hub
