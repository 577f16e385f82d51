// Loop: the Executor that real programs run on: one thread, sockets, timers, signals.
//
// A turn begins when the kernel reports descriptors as ready: all of them are delivered as events
// (FdWatch), then everything that became ready runs, then what waits for the turn's end. Asio
// carries the turns, the timers, the signals and the posts of other threads; descriptors are
// watched by an epoll set of our own inside Asio's, edge-triggered and registered once, because
// that costs one system call per read (Asio's async_wait costs two) and lets a waiting connection
// hold neither a buffer nor a pending operation.
//
// Threads: everything on the loop's own thread, except Post() and Stop(). A Loop outlives all that
// uses it: streams, listeners and Tasks are destroyed before it.
#pragma once

#include <memory>

#include "base/executor.h"
#include "base/task.h"

namespace boost::asio {
class io_context;
}

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

  /// Waits for the next SIGTERM, SIGINT or SIGHUP of the process, which from the first call on no
  /// longer end it. Signals that come while nobody waits are kept (at most 16). One loop of a
  /// process may do this, with one caller at a time.
  Task<int> NextSignal();

  /// For code that uses Asio itself (processes, say): its handlers must do their work inside
  /// Dispatch().
  boost::asio::io_context& context();
  /// Runs `callback`, then what it made ready. From the top of the stack only: an Asio handler.
  template <class F>
  void Dispatch(F&& callback) {
    BeginTurn();
    Enter(std::forward<F>(callback));
    EndTurn();
  }

  /// The epoll set of FdWatch.
  int poll_descriptor() const { return poll_descriptor_; }

 protected:
  void WakeForReady() override;
  void WakeForTurnEnd() override;
  void WakeAt(TimePoint due) override;

 private:
  struct Impl;

  void BeginTurn() {
    is_in_turn_ = true;
    turn_time_ = {};
  }
  void EndTurn() { is_in_turn_ = false; }
  void OnTimer();
  void AwaitDescriptors();
  void DeliverDescriptors();
  void AwaitSignal();

  int poll_descriptor_ = -1;  ///< Owned by impl_; kept for watches that go with its last handlers.
  bool is_in_turn_ = false;
  mutable TimePoint turn_time_{};  ///< Read lazily, once a turn.
  std::unique_ptr<Impl> impl_;
};

}  // namespace berth::net
