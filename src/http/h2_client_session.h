// H2ClientSession: a Service whose exchanges are streams of an H2Session. The hub uses it inside
// the tunnel, where the agent is the HTTP/2 server.
#pragma once

#include "http/h2_session.h"

namespace berth::http {

/// How long a request waits for a place among the peer's concurrent streams.
inline constexpr std::chrono::seconds kLongestWaitForPlace{5};

class H2ClientSession : public H2Session, public Service {
 public:
  /// `limits` must outlive the session.
  H2ClientSession(Executor& executor, const Limits& limits, H2Options options = {});
  /// Fails the exchanges that run: they get kUnavailable.
  ~H2ClientSession() override;

  /// kUnavailable: the session ended, or the peer broke off; kCancelled: the session takes no new
  /// streams, or the peer refused this one unprocessed or cancelled it; kInvalid: the response is
  /// malformed or its head too large, or the peer takes no upgrades; kTooLarge: the request's head
  /// is too large; kConflict: the peer has as many streams as it takes. A request beyond
  /// these waits for a place, for kLongestWaitForPlace, unless twice options.max_streams run and
  /// wait already. Dropping the task, or the response's body before its end, resets the stream.
  Task<Result<Response>> Exchange(Request request) override;

 private:
  /// Opens a stream for the request, taking its body and its interim handler.
  Result<std::shared_ptr<H2Inbound>> Submit(Request& request);
  /// Fails the exchange if its stream still waits for a place.
  void EndWait(H2Stream& stream);

  void OnHead(H2Stream& stream, bool is_end) override;
  void OnClosed(H2Stream& stream, std::uint32_t code) override;
  void OnAbandoned(H2Stream& stream) override;
  void OnSentEnd(H2Stream& stream) override;
};

}  // namespace berth::http
