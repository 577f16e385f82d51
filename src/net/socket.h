// Socket: one connected, non-blocking socket on a loop; what TcpStream and TlsStream stand on.
//
// Owns the descriptor. System calls never block and never wait: a caller tries, and waits for
// readiness only when told that there is nothing to do now.
#pragma once

#include <memory>
#include <optional>

#include "net/byte_stream.h"
#include "net/fd_watch.h"

namespace berth::net {

class Socket {
 public:
  /// Takes over `descriptor`, which is closed even on failure. Sets it non-blocking.
  static Result<std::unique_ptr<Socket>> Adopt(Loop& loop, int descriptor);
  ~Socket() { Close(); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  /// Bytes received; 0: the peer finished; nullopt: nothing now, WaitReadable().
  Result<std::optional<std::size_t>> Receive(MutableBytes into);
  /// Sends as much of `pieces`, without the first `skip` bytes of the first of them, as the kernel
  /// takes at once; nullopt: nothing now, WaitWritable().
  Result<std::optional<std::size_t>> Send(std::span<const Bytes> pieces, std::size_t skip);
  /// Sends FIN.
  Result<void> ShutdownWrite();

  /// `co_await WaitReadable();` waits until Receive() may have something new to say: bytes, the
  /// end, or that the socket was closed meanwhile.
  auto WaitReadable() { return readable_.Wait(); }
  /// The same for Send(), at most for `limit` (kTimeout).
  Task<Result<void>> WaitWritable(Duration limit);
  /// Waits, while connecting, until the kernel reports success or failure.
  Task<Result<void>> WaitConnected();
  /// `co_await PauseIfBusy();` lets others have their turn if this socket was read again and again
  /// without a wait.
  auto PauseIfBusy() {
    struct Awaiter : Waiter {
      Socket& socket;
      explicit Awaiter(Socket& s) : socket(s) {}
      bool await_ready() const { return socket.full_reads_ < kFullReadsPerTurn; }
      void await_suspend(std::coroutine_handle<> caller) {
        handle = caller;
        socket.full_reads_ = 0;
        socket.loop_.ReadyAtTurnEnd(*this);
      }
      void await_resume() const {}
    };
    return Awaiter(*this);
  }

  /// Closes the descriptor; wakes who waits. Idempotent.
  void Close() noexcept;
  bool is_open() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }
  Loop& loop() const { return loop_; }

 private:
  static constexpr int kFullReadsPerTurn = 16;  // About 1 MiB.

  Socket(Loop& loop, int descriptor)
      : loop_(loop),
        descriptor_(descriptor),
        readable_(loop),
        writable_(loop),
        watch_(loop, readable_, writable_) {}
  Task<Result<void>> WaitWritableUnbounded();

  Loop& loop_;
  int descriptor_;
  int full_reads_ = 0;  ///< Receives in a row after which more was waiting.
  Event readable_;
  Event writable_;
  FdWatch watch_;
};

}  // namespace berth::net
