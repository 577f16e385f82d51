// What the API answers whoever may not do something with an instance.
#pragma once

#include <optional>
#include <string_view>

#include "http/message.h"
#include "hub/api.h"
#include "hub/context.h"

namespace berth::hub {

/// 404, the same for an instance that is somebody else's and for none at all.
http::Response NoSuchInstance();

/// Why the caller may not `what` ("share it") with the instance call.id, which only its owner may;
/// nothing if it is theirs. A refusal is in the audit log. REQUIRES: there is a user.
std::optional<http::Response> RefuseUnlessOwner(HubContext& hub, const ApiCall& call,
                                                std::string_view what);

}  // namespace berth::hub
