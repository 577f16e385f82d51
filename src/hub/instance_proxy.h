// The proxy from a signed-in browser to an instance, in both modes: checks the request, takes out
// what is the hub's, says who asks, and hands it to the instance's link.
#pragma once

#include <string_view>

#include "http/message.h"
#include "hub/admission.h"
#include "hub/context.h"
#include "identity/sessions.h"

namespace berth::hub {

/// Forwards one request whose session has been checked. `request.head.target` is already the
/// instance's (no prefix). Always a response: whatever fails becomes an answer of the hub, a page
/// or problem details. Upgrades and streams end when the session ends, and in path mode when the
/// instance comes to be shared.
Task<Result<http::Response>> ForwardToInstance(HubContext& hub, http::Request request,
                                               identity::SessionPtr session, Placement placement);

/// The answer to a browser without a session on an instance's address: navigations are led to
/// `sign_in_url`, everything else gets 401.
http::Response SignInNeeded(const http::RequestHead& head, std::string_view sign_in_url);

}  // namespace berth::hub
