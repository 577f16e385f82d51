// NetworkChange: tells when the machine's network changed (an address or a route came or went), so
// that whoever waits to reconnect tries at once.
//
// Listens to the kernel's route messages. Where it may not (some containers), it stays silent: it
// only ever makes things faster. Lives on its loop.
#pragma once

#include <functional>

#include "base/task_group.h"
#include "net/fd_watch.h"
#include "net/loop.h"

namespace berth::net {

class NetworkChange {
 public:
  /// `on_change` runs at the top of a turn, once per burst of messages (within 200 ms).
  NetworkChange(Loop& loop, std::move_only_function<void()> on_change);
  /// For tests: takes over `descriptor`, any datagram of which counts as a message; -1 for none.
  NetworkChange(Loop& loop, int descriptor, std::move_only_function<void()> on_change);
  ~NetworkChange();
  NetworkChange(const NetworkChange&) = delete;
  NetworkChange& operator=(const NetworkChange&) = delete;

 private:
  Task<void> Listen();

  Loop& loop_;
  int descriptor_;
  Event readable_;
  Event unused_;
  FdWatch watch_;
  Timer burst_end_;
  Job listening_;
};

}  // namespace berth::net
