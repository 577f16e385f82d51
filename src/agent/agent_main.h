// `berth agent`: runs an agent until it is told to stop.
#pragma once

#include "agent/options.h"

namespace berth::agent {

/// SIGTERM, SIGINT or SIGHUP drains and stops; a further SIGTERM or SIGINT ends at once. SIGHUP and
/// SIGINT that were ignored at the start (nohup) stay so. The process's exit status: 0 after a
/// stop, 1 when it could not begin, 3 when the hub told the agent to leave for good.
int RunAgent(AgentOptions options);

}  // namespace berth::agent
