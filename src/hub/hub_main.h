// `berth hub`: runs a hub until it is told to stop.
#pragma once

#include "hub/options.h"

namespace berth::hub {

/// Prints "berth hub ready: URL" on standard output when it serves, and "sign in: URL/login#CODE"
/// while nobody has ever signed in. SIGTERM or SIGINT drains, a second one ends at once; SIGHUP
/// reads the certificate again. The process's exit status.
int RunHub(HubOptions options);

}  // namespace berth::hub
