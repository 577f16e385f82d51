// Runs an H2Session over a ByteStream: reads, writes, deadlines, drain. Internal to the h2_* files.
#pragma once

#include "http/h2_session.h"

namespace berth::http {

/// Runs until the connection has ended, then the session is closed and so is the stream. Without
/// streams for limits.idle_timeout, it ends gracefully. Everything passed by reference, and `drain`
/// if not null, must outlive the task.
Task<void> RunH2(Executor& executor, const Limits& limits, net::ByteStream& stream,
                 H2Session& session, Event* drain);

}  // namespace berth::http
