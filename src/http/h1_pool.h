// H1Pool: the connections of one H1Client: those that idle, and the count of all.
//
// A Lease is the right to one connection. It is given back when an exchange ended in good order,
// and closes the connection otherwise, so a cancelled exchange closes by being destroyed. Lives on
// one loop; shared by the client and its leases, because responses may outlive the client.
#pragma once

#include <boost/intrusive/list.hpp>
#include <memory>
#include <vector>

#include "base/event.h"
#include "http/h1_client.h"
#include "http/h1_reader.h"
#include "http/h1_writer.h"

namespace berth::http {

/// One connection to the origin.
struct H1Connection {
  explicit H1Connection(net::StreamPtr opened)
      : stream(std::move(opened)), reader(*stream), writer(*stream) {}

  net::StreamPtr stream;
  H1Reader reader;
  MessageWriter writer;
  bool is_reused = false;  ///< It carried an exchange before.
  bool is_broken = false;  ///< While idle: the origin closed it, or sent what nobody asked for.
  TimePoint idle_since;
  Task<void> watch;  ///< While idle: reads. Last, because it uses the others.
};

class H1Pool : public std::enable_shared_from_this<H1Pool> {
 public:
  H1Pool(Executor& executor, const Limits& limits, H1Client::Connector connector);

  class Lease {
   public:
    Lease() = default;
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&& other) noexcept;
    ~Lease() { Drop(); }

    /// REQUIRES: not given back or dropped.
    H1Connection& connection() { return *connection_; }
    explicit operator bool() const { return connection_ != nullptr; }
    /// Closes the connection and opens another in its place.
    Task<Result<void>> Reconnect();
    /// Ready for the next exchange. REQUIRES: nothing is unread, nothing is being written.
    void GiveBack();
    /// Closes the connection.
    void Drop();

   private:
    friend class H1Pool;
    Lease(std::shared_ptr<H1Pool> pool, std::unique_ptr<H1Connection> connection)
        : pool_(std::move(pool)), connection_(std::move(connection)) {}

    std::shared_ptr<H1Pool> pool_;  // Null: no right to a connection.
    std::unique_ptr<H1Connection> connection_;
  };

  /// The most recently used idle connection, or a new one, or the next that is given back. kTimeout
  /// after limits.response_timeout in the queue; kUnavailable if the queue is full; or what the
  /// connector fails with.
  Task<Result<Lease>> Acquire();
  /// Drops idle connections, now and from now on.
  void Close();

  std::size_t open() const { return open_; }
  std::size_t idle() const { return idle_.size(); }

 private:
  /// Somebody who waits for a connection. Lives in a frame of Acquire.
  struct Ticket : boost::intrusive::list_base_hook<
                      boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
    explicit Ticket(Executor& executor) : ready(executor) {}
    Event ready;
    Lease lease;
  };

  Task<Result<void>> AwaitTicket(Ticket& ticket);
  Task<void> Watch(H1Connection& connection);
  void Return(std::unique_ptr<H1Connection> connection);
  void FreeSlot();
  void Sweep();

  Executor& executor_;
  const Limits& limits_;
  H1Client::Connector connector_;
  bool is_closed_ = false;
  std::size_t open_ = 0;                             // Leases and idle connections.
  std::vector<std::unique_ptr<H1Connection>> idle_;  // The most recently used last.
  boost::intrusive::list<Ticket, boost::intrusive::constant_time_size<false>> waiting_;
  Timer sweep_timer_;
};

}  // namespace berth::http
