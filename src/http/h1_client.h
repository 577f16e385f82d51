// H1Client: exchanges with one origin over a pool of HTTP/1.1 keep-alive connections.
//
// The agent reaches its instance and its hub through this, commands in a terminal their hub, and
// DialingWeb whoever it asks. The most recently used idle connection is taken first; idle ones are
// closed after limits.instance_idle or as soon as the origin closes them; at most
// limits.instance_connections are open, and who finds none waits in a bounded queue.
#pragma once

#include <functional>
#include <memory>

#include "base/executor.h"
#include "base/limits.h"
#include "http/message.h"
#include "net/byte_stream.h"

namespace berth::http {

class H1Pool;

class H1Client : public Service {
 public:
  /// Opens one connection to the origin, within deadlines of its own.
  using Connector = std::function<Task<Result<net::StreamPtr>>()>;

  /// `executor` and `limits` must outlive the client and every response of it.
  H1Client(Executor& executor, const Limits& limits, Connector connector);
  /// Closes idle connections; those in use close when their exchange ends.
  ~H1Client() override;

  /// Sends `request` as it is (authority becomes Host; framing and connection fields are made
  /// here) and returns the response head as soon as it is there, or, if it gives the length of a
  /// body, at most 1 ms later; the body is read from the connection as it is pulled. The request
  /// body is sent meanwhile, and on for as long as the response's body lives. No deadline for the
  /// response: the caller sets one. Errors: kUnavailable (the origin is away or closed without an
  /// answer), kInvalid (an answer that is not HTTP, or a request that cannot be sent), kTooLarge
  /// (an answer beyond the limits), kTimeout, or what the request body's Read failed with.
  ///
  /// A request without a body and with an idempotent method is sent again, once, on a new
  /// connection if a reused one turns out to be closed before the first byte of an answer.
  Task<Result<Response>> Exchange(Request request) override;

  /// Open connections, idle ones included, and connections being opened.
  std::size_t open_connections() const;
  std::size_t idle_connections() const;

 private:
  Executor& executor_;
  const Limits& limits_;
  std::shared_ptr<H1Pool> pool_;  // Shared with the bodies of responses, which return to it.
};

}  // namespace berth::http
