// The list of instances that GET /clients answers with, made while it is read: all of it at once
// may be tens of megabytes for each who asks, and a long time in which nobody else is served.
#pragma once

#include <functional>

#include "http/body.h"
#include "hub/context.h"
#include "identity/people.h"

namespace berth::hub {

/// As control::Serialise(ClientList) has it, by id; each instance as it is when its piece is read,
/// and none that is gone by then. `reader` is who reads it, null once they may not any more: then
/// reading fails with kUnauthorized. `hub` must outlive it.
http::BodyPtr ClientListBody(const HubContext& hub, std::function<identity::PersonPtr()> reader);

}  // namespace berth::hub
