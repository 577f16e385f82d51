// TokenBucket: how much somebody may do: a burst at once, and a rate for ever.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/executor.h"

namespace berth {

/// Value, in eight bytes, because idle connections are many; starts full.
class TokenBucket {
 public:
  /// What it holds, and how fast it fills again. The same for each call.
  struct Rate {
    double burst;
    double per_second;
  };

  /// Takes `amount`; false, and takes nothing, if it does not hold as much.
  bool Spend(const Rate& rate, TimePoint now, double amount = 1) {
    const TimePoint full_at = std::max(full_at_, now) + TimeFor(rate, amount);
    if (full_at > now + TimeFor(rate, rate.burst)) return false;
    full_at_ = full_at;
    return true;
  }

 private:
  static Duration TimeFor(const Rate& rate, double amount) {
    return std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(amount / rate.per_second));
  }

  TimePoint full_at_ = TimePoint::min();
};

}  // namespace berth
