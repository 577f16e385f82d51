#include "http/h2_server.h"

#include "http/h2_server_session.h"
#include "http/h2_transport.h"

namespace berth::http {

Task<void> ServeH2(Executor& executor, const Limits& limits, net::StreamPtr stream,
                   Service& service, H2Options options) {
  Event* const drain = options.drain;
  options.peer = stream->peer();
  options.scheme = stream->peer().is_tls ? "https" : "http";
  H2ServerSession session(executor, limits, service, std::move(options));
  co_await RunH2(executor, limits, *stream, session, drain);
}

}  // namespace berth::http
