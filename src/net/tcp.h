// TcpStream: a TCP connection as a ByteStream.
//
// Reads and writes are tried at once and wait only when the kernel has nothing to give or take;
// nothing touches the caller's bytes while a Task waits, so dropping a Read or a Write, or the
// stream, is always safe. An idle connection holds no buffer.
#pragma once

#include <memory>

#include "base/limits.h"
#include "net/buffer_pool.h"
#include "net/byte_stream.h"
#include "net/socket.h"

namespace berth::net {

/// Takes BBR off a socket whose peer is this machine, where it is the system's default: there is no
/// path to find the speed of, and it paces all the same, at up to half of what the machine can do.
/// Best before the socket is connected, or listens: what paces once goes on to, if less.
void AvoidPacing(int descriptor);

class TcpStream : public ByteStream {
 public:
  /// Takes a connected socket; switches on TCP_NODELAY and keep-alive probes, and for a loopback
  /// peer does AvoidPacing(). Of `limits` it uses write_stall_timeout, and keeps no reference.
  TcpStream(std::unique_ptr<Socket> socket, Peer peer, const Limits& limits);

  Task<Result<MutableBytes>> Read() override;
  /// kTimeout: the peer took nothing for limits.write_stall_timeout.
  Task<Result<void>> Write(std::span<const Bytes> pieces) override;
  Task<Result<void>> ShutdownWrite() override;
  /// Closes the descriptor; the kernel still delivers what was written.
  void Close() noexcept override { socket_->Close(); }
  const Peer& peer() const override { return peer_; }
  int descriptor() const { return socket_->descriptor(); }

  /// For TLS: the socket under this stream, which must not be used afterwards. REQUIRES: no Task of
  /// it is left, and everything that Read() returned has been used.
  std::unique_ptr<Socket> TakeSocket() && { return std::move(socket_); }

 private:
  std::unique_ptr<Socket> socket_;
  Peer peer_;
  Duration write_stall_;
  ReadBuffer buffer_;
};

/// Takes the bytes that were written off the front of (`pieces`, `skip`); see Socket::Send.
void Consume(std::span<const Bytes>& pieces, std::size_t& skip, std::size_t count);

}  // namespace berth::net
