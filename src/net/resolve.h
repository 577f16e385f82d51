// Resolve: asks the system's resolver without holding up the loop.
#pragma once

#include <vector>

#include "base/task.h"
#include "net/loop.h"
#include "net/socket_address.h"

namespace berth::net {

/// The addresses of a host, in the system's order of preference; at once for IP addresses. Errors
/// as ResolveBlocking. Give it a deadline. Each call has a thread of its own, which nobody waits
/// for when the Task is dropped (the system's resolver cannot be cancelled and may take half a
/// minute, which must delay neither other look-ups nor the end of the program).
Task<Result<std::vector<SocketAddress>>> Resolve(Loop& loop, HostPort address);

}  // namespace berth::net
