// GuestStreams: what people with whom an instance is shared may hold of it at once, together: half
// of what it carries, so that none of them can lock its owner out.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/limits.h"

namespace berth::hub {

/// Lives on one loop.
class GuestStreams {
 public:
  /// `limits` must outlive it.
  explicit GuestStreams(const Limits& limits) : limits_(limits) {}
  GuestStreams(const GuestStreams&) = delete;
  GuestStreams& operator=(const GuestStreams&) = delete;

  /// A place for one stream of somebody who is not the owner, theirs until the result is destroyed,
  /// which may outlive this object. It keeps `guard` alive. Null: half of limits.tunnel_streams are
  /// held already.
  std::shared_ptr<const void> Enter(std::string_view instance_id,
                                    std::shared_ptr<const void> guard);

 private:
  const Limits& limits_;
  std::map<std::string, std::weak_ptr<std::size_t>, std::less<>> counts_;  ///< By instance.
};

}  // namespace berth::hub
