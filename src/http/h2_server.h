// HTTP/2 on a ByteStream, server side: browsers that chose "h2" by ALPN.
#pragma once

#include "http/h2_options.h"
#include "http/message.h"

namespace berth::http {

/// Serves one connection until the browser leaves, misbehaves, is idle for limits.idle_timeout, or
/// `options.drain` is set and its streams have ended. Dropping the task cuts the connection.
/// `executor`, `limits`, `service` and `*options.drain` must outlive the task.
Task<void> ServeH2(Executor& executor, const Limits& limits, net::StreamPtr stream,
                   Service& service, H2Options options = {});

}  // namespace berth::http
