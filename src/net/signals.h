// The signals that tell a program to end or to read its files again.
#pragma once

#include "base/task.h"
#include "net/loop.h"

namespace berth::net {

/// Waits for the next SIGTERM, SIGINT or SIGHUP of the process, which from the first call on no
/// longer end it; returns its number. Signals that come while nobody waits are kept. One caller of
/// a process at a time.
Task<int> NextSignal(Loop& loop);

}  // namespace berth::net
