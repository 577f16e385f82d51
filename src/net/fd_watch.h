// FdWatch: turns the readiness of one descriptor into Events.
//
// Edge-triggered: an event is set when the kernel reports a change, and the user resets it when a
// system call found nothing more to do (EAGAIN, or a short read). Registered once for the whole
// life of the descriptor. Lives on its loop; does not own the descriptor.
#pragma once

#include <cstdint>

#include "base/event.h"
#include "net/loop.h"

namespace berth::net {

class FdWatch {
 public:
  /// `readable` and `writable` are set when the descriptor may be read or written, has ended, or
  /// has failed; both outlive the watch, and several watches may share them.
  FdWatch(Loop& loop, Event& readable, Event& writable)
      : loop_(loop), readable_(readable), writable_(writable) {}
  ~FdWatch() { Stop(); }
  FdWatch(const FdWatch&) = delete;
  FdWatch& operator=(const FdWatch&) = delete;

  /// Begins to watch. kInternal: the kernel's limit of watches is reached. REQUIRES: `descriptor`
  /// is open, and stays so until Stop().
  Result<void> Start(int descriptor);
  /// Ends watching. Idempotent.
  void Stop() noexcept;

  /// The peer ended or broke the connection: from now on a short read does not mean that nothing
  /// follows, for no further change will be reported.
  bool is_hung_up() const { return is_hung_up_; }

  /// From the loop: the kernel reported these epoll events. Sets Events and does nothing else.
  void Deliver(std::uint32_t events);

 private:
  Loop& loop_;
  Event& readable_;
  Event& writable_;
  int descriptor_ = -1;
  bool is_hung_up_ = false;
};

}  // namespace berth::net
