// ByteStream: a connected two-way stream of bytes, whatever carries it (TCP, TLS, a test's pipe).
//
// The one seam between sockets and everything above: http/ and tunnel/ see only this. Reading is
// pulled into a buffer that the stream owns, so a dropped Read loses nothing: the next Read returns
// what had arrived. One Read and one Write may be outstanding at a time. Not thread-safe: a stream
// lives on one loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/task.h"

namespace berth::net {

/// Bytes that a reader received; it may change them in place (unmasking does).
using MutableBytes = std::span<std::byte>;
using Bytes = std::span<const std::byte>;

/// Who is at the other end.
struct Peer {
  std::string address;  ///< Textual IP address without port, "" if unknown.
  std::uint16_t port = 0;
  bool is_tls = false;
  std::string alpn;  ///< The protocol that ALPN chose, "" without.
};

class ByteStream {
 public:
  virtual ~ByteStream() = default;  ///< Closes at once what is still open.

  /// Finishes what must happen before the first Read or Write (a TLS handshake), within
  /// limits.connect_timeout; at once where there is nothing to do. Only accepted streams need it:
  /// peer().alpn is known afterwards.
  virtual Task<Result<void>> Handshake() { co_return Ok(); }

  /// Waits for bytes. Returns a view of the stream's own buffer (at most kMostRead, 63 KiB), valid
  /// until the next Read or the stream's end; empty means that the peer finished its direction, for
  /// good. kUnavailable: the connection broke.
  virtual Task<Result<MutableBytes>> Read() = 0;

  /// Writes all pieces, in order, as one gather write where possible. They must stay valid till the
  /// end. kTimeout: nothing was taken for limits.write_stall_timeout. Close after a dropped Write.
  virtual Task<Result<void>> Write(std::span<const Bytes> pieces) = 0;

  /// Finishes our direction after what was written; reading goes on.
  virtual Task<Result<void>> ShutdownWrite() = 0;

  /// Breaks the connection at once: pending and later calls fail. Idempotent.
  virtual void Close() noexcept = 0;

  virtual const Peer& peer() const = 0;
};

/// Views of text as bytes, and back.
inline Bytes AsBytes(std::string_view text) { return std::as_bytes(std::span(text)); }
inline std::string_view AsText(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

using StreamPtr = std::unique_ptr<ByteStream>;

}  // namespace berth::net
