// V1Streams: exchanges with a version-1 instance, each as one http_proxy_request and its answer.
//
// Whole bodies in one message: what cannot be carried is refused with a status that says so, never
// altered. The chat socket is bridged (v1_socket.h), other WebSockets are closed with a reason.
#pragma once

#include <memory>

#include "http/message.h"
#include "hub/context.h"
#include "hub/v1_calls.h"

namespace berth::hub {

class V1Streams : public http::Service {
 public:
  /// `hub` must outlive the exchanges. Without `calls` nothing is connected.
  explicit V1Streams(HubContext& hub) : hub_(hub) {}
  void SetCalls(std::shared_ptr<V1Calls> calls) { calls_ = std::move(calls); }

  /// 413: the request's body is beyond limits.version1_request. 415: it is not UTF-8 text. 502: the
  /// instance reported an error. kUnavailable: it is gone, overloaded, or its answer is broken.
  Task<Result<http::Response>> Exchange(http::Request request) override;

 private:
  HubContext& hub_;
  std::shared_ptr<V1Calls> calls_;
};

}  // namespace berth::hub
