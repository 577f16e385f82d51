// Loop: the Executor that real programs run on: one thread, sockets, timers.
//
// A turn begins when the kernel reports descriptors as ready: all of them are delivered as events
// (FdWatch), then everything that became ready runs, then what other threads posted and timers that
// are due, then what waits for the turn's end. Descriptors are watched edge-triggered and
// registered once, so that a turn costs one system call of the loop's own, whatever happens in it,
// and a waiting connection holds neither a buffer nor a pending operation. (Asio would cost two or
// three more calls: it re-arms what it waits for, or nests the set in its own.)
//
// Threads: everything on the loop's own thread, except Post() and Stop(). A Loop outlives all that
// uses it: streams, listeners and Tasks are destroyed before it.
#pragma once

#include <atomic>
#include <mutex>
#include <vector>

#include "base/executor.h"

namespace berth::net {

class Loop : public Executor {
 public:
  Loop();
  ~Loop() override;

  /// Runs turns on the calling thread until Stop(). May be called again afterwards.
  void Run();
  /// Makes Run() return soon. From any thread. A Stop() before Run() is forgotten.
  void Stop();

  /// Monotonic; constant while callbacks of one turn run.
  TimePoint now() const override;
  void Post(std::move_only_function<void()> work) override;

  /// The epoll set of FdWatch.
  int poll_descriptor() const { return poll_descriptor_; }

 protected:
  // A turn looks for itself what is ready and due before it waits.
  void WakeForReady() override {}
  void WakeForTurnEnd() override {}
  void WakeAt(TimePoint) override {}

 private:
  void RunTurn();
  /// Milliseconds until there is work; 0: now, -1: when something comes.
  int PollTimeout() const;
  void Interrupt();
  void RunPosted();

  const int poll_descriptor_;
  const int interrupt_descriptor_;  ///< An eventfd, written for Post() and Stop().
  bool is_in_turn_ = false;
  mutable TimePoint turn_time_{};  ///< Read lazily, once a turn.
  std::atomic<bool> is_stopped_ = false;
  std::mutex posted_mutex_;
  std::vector<std::move_only_function<void()>> posted_;  // Under posted_mutex_.
};

}  // namespace berth::net
