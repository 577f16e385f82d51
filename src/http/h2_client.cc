#include "http/h2_client.h"

#include "http/h2_transport.h"

namespace berth::http {

H2Client::H2Client(Executor& executor, const Limits& limits, net::StreamPtr stream,
                   H2Options options)
    : stream_(std::move(stream)),
      session_(executor, limits, options),
      runner_(executor, "HTTP/2 connection",
              RunH2(executor, limits, *stream_, session_, options.drain, H2Idle::kStays)) {}

H2Client::~H2Client() = default;

Task<Result<Response>> H2Client::Exchange(Request request) {
  return session_.Exchange(std::move(request));
}

}  // namespace berth::http
