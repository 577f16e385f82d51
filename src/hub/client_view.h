// An instance as browsers see it: the registry's record with what depends on the hub's address.
#pragma once

#include "hub/context.h"
#include "hub/registry.h"

namespace berth::hub {

/// With `url` (where it opens: its own origin, or the path-mode prefix) and latency filled in.
control::Client ClientViewOf(const HubContext& hub, const Instance& instance);

}  // namespace berth::hub
