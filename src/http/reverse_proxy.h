// The reverse proxy: connects a server side to a client side, in the hub and in the agent alike.
//
// It hands one exchange to the next service with hop-by-hop fields removed both ways, the caller's
// edits applied, and a deadline for the first byte of the response. Bodies, upgrades included, pass
// untouched: whoever reads the response pulls it straight from the next hop, and dropping it
// cancels there.
#pragma once

#include <memory>

#include "base/executor.h"
#include "base/limits.h"
#include "http/message.h"

namespace berth::http {

/// What a caller changes in the heads of one exchange. Shared: interim responses need it too, and
/// the next service may keep their handler for longer than the call lives.
class ProxyEdits : public Pooled {
 public:
  virtual ~ProxyEdits() = default;
  /// Called once, before the request is sent, after hop-by-hop fields were removed.
  virtual void EditRequest(RequestHead& head) { (void)head; }
  /// Called for each response head, interim ones too, after hop-by-hop fields were removed.
  virtual void EditResponse(ResponseHead& head) { (void)head; }
};

/// The next service's response. Errors are the next service's, and kTimeout if no response came
/// within limits.response_timeout since the request's body last moved, in which no time counts that
/// is spent in a read of the request's body: how long that may stall is the body's own affair.
/// Upgrades and requests for event streams wait as long as the browser does. `next` must outlive
/// the call. `edits` may be null.
Task<Result<Response>> ReverseProxy(Executor& executor, const Limits& limits, Service& next,
                                    Request request, std::shared_ptr<ProxyEdits> edits);

}  // namespace berth::http
