// PathGates: ends what is open in path mode at an instance, the moment the instance is shared.
//
// In path mode an instance's pages run on the hub's origin, so path mode is for instances that only
// their owner can change (admission.cc refuses the others). What was opened before the first
// share, by a session that lives on, must not outlive it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/event.h"
#include "hub/context.h"
#include "identity/access.h"

namespace berth::hub {

class PathGates : private identity::AccessObserver {
 public:
  /// `hub` must outlive this object.
  explicit PathGates(HubContext& hub);
  ~PathGates() override;
  PathGates(const PathGates&) = delete;
  PathGates& operator=(const PathGates&) = delete;

  /// Set when the instance, which is shared with nobody now, comes to be shared: close what was
  /// opened. Hold it as long as that is open.
  std::shared_ptr<Event> Enter(std::string_view instance_id);

 private:
  void OnAccessChanged(const identity::AccessChange& change) override;

  HubContext& hub_;
  std::map<std::string, std::weak_ptr<Event>, std::less<>> gates_;  ///< By instance.
};

}  // namespace berth::hub
