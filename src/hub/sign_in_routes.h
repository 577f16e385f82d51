// /auth/PROVIDER and /auth/PROVIDER/callback: signing in with GitHub or OpenID Connect, as a
// browser goes through it; and GET /api/auth, which tells the sign-in page what there is.
#pragma once

#include "http/message.h"
#include "hub/api.h"
#include "hub/context.h"

namespace berth::hub {

/// Whether the path is one of a provider's two.
bool IsSignInPath(const HubContext& hub, std::string_view path);

/// Always a response. REQUIRES: IsSignInPath(hub, request.head.path()).
Task<Result<http::Response>> ServeSignIn(HubContext& hub, http::Request request);

}  // namespace berth::hub
