// AccessKeeper: when people lose access, ends what they opened with it: the sessions at the
// addresses of instances that are no longer theirs to see, or in which they may now do less, and
// every session of people whom the policy no longer admits. Requests, streams and sockets end with
// their session.
#pragma once

#include "hub/context.h"
#include "identity/access.h"

namespace berth::hub {

class AccessKeeper : public identity::AccessObserver {
 public:
  /// `hub` must outlive this object. Looks at what is there already.
  explicit AccessKeeper(HubContext& hub);
  ~AccessKeeper() override;
  AccessKeeper(const AccessKeeper&) = delete;
  AccessKeeper& operator=(const AccessKeeper&) = delete;

  void OnAccessChanged(const identity::AccessChange& change) override;

 private:
  HubContext& hub_;
};

}  // namespace berth::hub
