// An instance as browsers see it: the registry's record with what depends on the hub's address and
// on who looks.
#pragma once

#include <string>

#include "hub/context.h"
#include "hub/registry.h"

namespace berth::hub {

/// Where it opens for somebody of that role: its own origin, or the path-mode prefix, which serves
/// an instance only to its owner and only while it is not shared; of a version-1 instance the
/// latter before the former. "" if nowhere. One that begins with a slash is on the hub's own
/// address.
std::string UrlOf(const HubContext& hub, const Instance& instance, identity::InstanceRole role);

/// Where it opens on the hub's own address; empty where it must not. Depends on whom it is shared
/// with.
std::string PathUrlOf(const HubContext& hub, const Instance& instance, identity::InstanceRole role);

/// With all that the registry's record leaves out: `url`, `role`, the owner's name, what changes
/// all the time.
control::Client ClientViewOf(const HubContext& hub, const VisibleInstance& visible);

/// What of it changes all the time; all 0 while it is away.
control::Vitals VitalsOf(const Instance& instance);

}  // namespace berth::hub
