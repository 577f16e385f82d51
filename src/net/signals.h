// Signals: those that tell a program to end or to read its files again.
//
// They are kept, a byte each, in a pipe that lives as long as the process: one that comes while
// nobody waits is not lost. The pipe is watched once, because a wait in the middle of a program's
// life must not fail for want of watches.
#pragma once

#include "base/event.h"
#include "base/task.h"
#include "net/fd_watch.h"
#include "net/loop.h"

namespace berth::net {

/// What SIGHUP is to a program.
enum class HangUp {
  kEnds,     ///< The end, unless whoever started it wants it to outlive that (nohup).
  kReloads,  ///< A word to read its files again.
};

class Signals {
 public:
  /// From now on SIGTERM, SIGINT and SIGHUP no longer end the process, not even when this object is
  /// gone. SIGINT that was ignored at the start stays so, as do background jobs of scripts have it,
  /// and SIGHUP where it `ends`. One of a process at a time. At start only: aborts where the kernel
  /// gives no descriptors.
  explicit Signals(Loop& loop, HangUp hang_up = HangUp::kEnds);

  /// Waits for the next; returns its number. One caller at a time.
  Task<int> Next();

 private:
  Event readable_;
  Event unused_;
  FdWatch watch_;
};

}  // namespace berth::net
