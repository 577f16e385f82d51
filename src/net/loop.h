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
#include <span>
#include <vector>

#include "base/executor.h"
#include "net/busy_poll.h"

struct epoll_event;

namespace berth::net {

class Loop : public Executor {
 public:
  /// `busy_poll`: how long it may look for work before it sleeps (BusyPoll); zero: not at all.
  explicit Loop(Duration busy_poll = {});
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

  /// From a Socket: what it read is part of a long body (BusyPoll).
  void NoteLongRead() { busy_poll_.NoteLongRead(); }

 protected:
  // A turn looks for itself what is ready and due before it waits.
  void WakeForReady() override {}
  void WakeForTurnEnd() override {}
  void WakeAt(TimePoint) override {}

 private:
  void RunTurn();
  /// Waits for events, at most until there is other work; returns how many of `events` it set.
  int Poll(std::span<epoll_event> events);
  /// Milliseconds until there is work; 0: now, -1: when something comes.
  int PollTimeout() const;
  void Interrupt();
  void RunPosted();

  BusyPoll busy_poll_;
  const int poll_descriptor_;
  const int interrupt_descriptor_;  ///< An eventfd, written for Post() and Stop().
  bool is_in_turn_ = false;
  mutable TimePoint turn_time_{};  ///< Read lazily, once a turn.
  std::atomic<bool> is_stopped_ = false;
  std::mutex posted_mutex_;
  std::vector<std::move_only_function<void()>> posted_;  // Under posted_mutex_.
};

}  // namespace berth::net
