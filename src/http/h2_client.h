// HTTP/2 on a ByteStream, client side: one connection as a Service.
#pragma once

#include "base/task_group.h"
#include "http/h2_client_session.h"

namespace berth::http {

class H2Client : public Service {
 public:
  /// Speaks HTTP/2 with prior knowledge over `stream` from the ready queue on. `executor` and
  /// `limits` must outlive the client.
  H2Client(Executor& executor, const Limits& limits, net::StreamPtr stream, H2Options options = {});
  /// Cuts the connection; exchanges and bodies that are left fail.
  ~H2Client() override;

  Task<Result<Response>> Exchange(Request request) override;

  /// Takes no more exchanges; the connection closes after the last one.
  void Drain() { session_.Drain(); }
  /// Whether exchanges can succeed.
  bool is_open() const { return runner_.is_running() && !session_.is_draining(); }
  H2ClientSession& session() { return session_; }

 private:
  net::StreamPtr stream_;
  H2ClientSession session_;
  Job runner_;
};

}  // namespace berth::http
