// Which user of this machine is at the other end of a connection. Everybody may listen on a port
// that is free, so that an address alone says nothing of who answers there.
#pragma once

#include <sys/types.h>

#include <optional>

#include "base/result.h"

namespace berth::net {

/// Who holds the other end of the connected TCP socket `descriptor`: the user whose process made or
/// accepted it; root if root listens there, whoever it leaves the connections to. Nothing: the
/// other end is on another machine or in another network namespace, has closed already, or the
/// kernel has no sock_diag for us. kInternal: it could not be asked; kUnavailable: the connection
/// broke. Two questions to the kernel, no waiting.
Result<std::optional<uid_t>> PeerOwner(int descriptor);

}  // namespace berth::net
