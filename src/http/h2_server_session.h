// H2ServerSession: requests that arrive over an H2Session become calls of a Service. The hub uses
// it towards browsers, the agent inside the tunnel.
#pragma once

#include "http/h2_session.h"

namespace berth::http {

class H2ServerSession : public H2Session {
 public:
  /// `limits` and `service` must outlive the session.
  H2ServerSession(Executor& executor, const Limits& limits, Service& service,
                  H2Options options = {});
  /// Cancels the exchanges that run.
  ~H2ServerSession() override;

 private:
  struct ResetUnlessAnswered;

  void OnHead(H2Stream& stream, bool is_end) override;
  void OnClosed(H2Stream& stream, std::uint32_t code) override;
  void OnAbandoned(H2Stream& stream) override;
  void OnSentEnd(H2Stream& stream) override;

  Task<void> Serve(H2Stream& stream, Request request);
  /// Answers without a body, and without the service.
  void Refuse(H2Stream& stream, int status);
  bool SubmitResponse(H2Stream& stream, const Response& response);

  Service& service_;
};

}  // namespace berth::http
