// ReplayBody: a request body that can be sent a second time as long as it was small.
//
// An instance that refuses our credential has the request sent again with a new one; what was read
// from the body by then must be had again. Up to a bound it is kept, beyond it there is no second
// sending. Also the way to keep the body of an upgrade, whose bytes only flow after success.
#pragma once

#include <memory>

#include "http/body.h"

namespace berth::agent {

class ReplaySource {
 public:
  /// Keeps up to `limit` bytes of `inner`.
  ReplaySource(http::BodyPtr inner, std::size_t limit);

  /// A body that begins at the beginning. One at a time: an earlier one must be gone or unused.
  /// It may outlive this object. REQUIRES: can_replay().
  http::BodyPtr Open();
  /// Whether everything that was read is still there.
  bool can_replay() const;
  /// No second sending any more: stops keeping.
  void Settle();

 private:
  friend class ReplayBody;
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace berth::agent
