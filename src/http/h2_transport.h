// Runs an H2Session over a ByteStream: reads, writes, deadlines, drain. Shared by h2_server and
// h2_client; internal to the h2_* files.
#pragma once

#include "http/h2_session.h"

namespace berth::http {

/// Which deadlines apply beside those on writes and on a peer that has gone silent.
enum class H2Idle {
  kEnds,   ///< Without streams for limits.idle_timeout, the connection ends gracefully.
  kStays,  ///< It stays open as long as the peer does.
};

/// Runs until the connection has ended, then the session is closed and so is the stream. Everything
/// passed by reference, and `drain` if not null, must outlive the task.
Task<void> RunH2(Executor& executor, const Limits& limits, net::ByteStream& stream,
                 H2Session& session, Event* drain, H2Idle idle);

}  // namespace berth::http
