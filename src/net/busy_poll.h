// BusyPoll: whether a loop that has nothing to do looks for work for a moment before it sleeps.
//
// To sleep and be woken costs more than a small request does, on a virtual machine many times more:
// a core that idles has given itself back to the host. Where each wait of a loop ends within
// microseconds, as in a quick exchange with one peer, looking is thus faster and no dearer. It is
// given up with the first wait that was longer, so an idle program never polls, and it does not
// begin where several peers have something to say in a turn, or a long body is under way: there is
// work to do then, and others need the core. A value; knows no clock and no descriptor.
#pragma once

#include "base/executor.h"

namespace berth::net {

class BusyPoll {
 public:
  /// `limit`: how long to look, and what is a short wait. So much later may a timer ring, which is
  /// why limits.busy_poll_us has a bound. Zero: never.
  explicit BusyPoll(Duration limit) : limit_(limit) {}

  /// Whether waits are measured at all.
  bool is_on() const { return limit_ > Duration{}; }
  /// Whether the next wait is worth looking for up to limit().
  bool is_worth_it() const { return short_waits_ >= kShortWaits; }
  Duration limit() const { return limit_; }

  /// A wait is over: it took so long, with or without sleep, and brought so many events.
  void NoteWait(Duration took, int events) {
    if (took < limit_ && events == 1) {
      if (short_waits_ < kShortWaits) ++short_waits_;
    } else {
      short_waits_ = 0;
    }
  }
  /// What was read is part of a long body.
  void NoteLongRead() { short_waits_ = 0; }

 private:
  static constexpr int kShortWaits = 16;  ///< In a row, before it is worth it.

  Duration limit_;
  int short_waits_ = 0;
};

}  // namespace berth::net
