// Backoff: how long to wait before the next attempt: doubling, with jitter, so that the agents of a
// restarted hub do not all come back at once.
#pragma once

#include <chrono>
#include <functional>

namespace berth::tunnel {

class Backoff {
 public:
  using Ms = std::chrono::milliseconds;
  /// A number in [0, 1).
  using Random = std::function<double()>;

  /// Delays from `shortest` on.
  Backoff(Ms shortest, Random random)
      : shortest_(shortest), random_(std::move(random)), next_(shortest) {}

  /// The next delay: between half and all of shortest, twice that, four times, ..., never longer
  /// than `longest`, from where the one after it goes on.
  Ms Next(Ms longest) {
    const Ms full = std::min(longest, next_);
    next_ = std::min(longest, 2 * full);
    const double share = 0.5 + 0.5 * random_();
    return Ms(static_cast<Ms::rep>(share * static_cast<double>(full.count())));
  }
  /// The next delay is again the shortest.
  void Reset() { next_ = shortest_; }

 private:
  const Ms shortest_;
  const Random random_;
  Ms next_;
};

}  // namespace berth::tunnel
