// ChangeRate: how many calls that change something a caller may make, so that no script fills the
// disk with them and the audit log, which keeps each for ever.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <unordered_map>

#include "base/token_bucket.h"

namespace berth::hub {

/// Lives on one loop.
class ChangeRate {
 public:
  /// Who has thousands of instances opens or shares them all at once.
  static constexpr TokenBucket::Rate kRate{.burst = 10'000, .per_second = 5};

  /// Whether who goes by that key may make one more.
  bool Spend(const std::string& key, TimePoint now) {
    if (callers_.size() >= prune_at_) {
      // Who has all of it again is as one who is new.
      std::erase_if(callers_, [now](const auto& caller) {
        TokenBucket held = caller.second;
        return held.Spend(kRate, now, kRate.burst);
      });
      prune_at_ = std::max(kFew, 2 * callers_.size());
    }
    return callers_[key].Spend(kRate, now);
  }
  /// How many callers are remembered.
  std::size_t size() const { return callers_.size(); }

 private:
  static constexpr std::size_t kFew = 100;

  std::unordered_map<std::string, TokenBucket> callers_;
  std::size_t prune_at_ = kFew;
};

}  // namespace berth::hub
