// `berth hub`: runs a hub until it is told to stop.
#pragma once

#include "hub/options.h"

namespace berth::hub {

/// Prints "berth hub ready: URL" on standard output when it serves, and while nobody has ever
/// signed in "sign in: URL/login#CODE" on a terminal, elsewhere the command that makes a link.
/// SIGTERM or SIGINT drains, a second one ends at once; SIGHUP reads the certificate again. The
/// process's exit status.
int RunHub(HubOptions options);

}  // namespace berth::hub
