// HTTP/2 on a ByteStream, client side: one connection as a Service.
#pragma once

#include "base/task_group.h"
#include "http/h2_client_session.h"
#include "http/h2_transport.h"

namespace berth::http::testing {

class H2Client : public Service {
 public:
  /// Speaks HTTP/2 with prior knowledge over `stream` from the ready queue on, and ends no idle
  /// connection. `executor` must outlive the client.
  H2Client(Executor& executor, Limits limits, net::StreamPtr stream)
      : limits_(Patient(std::move(limits))),
        stream_(std::move(stream)),
        session_(executor, limits_),
        runner_(executor, "HTTP/2 connection",
                RunH2(executor, limits_, *stream_, session_, nullptr)) {}

  Task<Result<Response>> Exchange(Request request) override {
    return session_.Exchange(std::move(request));
  }

  /// Takes no more exchanges; the connection closes after the last one.
  void Drain() { session_.Drain(); }
  /// Whether exchanges can succeed.
  bool is_open() const { return runner_.is_running() && !session_.is_draining(); }
  H2ClientSession& session() { return session_; }

 private:
  static Limits Patient(Limits limits) {
    limits.idle_timeout = std::chrono::hours(24);
    return limits;
  }

  const Limits limits_;
  net::StreamPtr stream_;
  H2ClientSession session_;
  Job runner_;
};

}  // namespace berth::http::testing
