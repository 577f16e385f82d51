#include "net/socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace berth::net {
namespace {

constexpr std::size_t kPiecesPerCall = 64;
/// Of this many bytes more will follow, as a rule.
constexpr std::size_t kLongRead = std::size_t{16} * 1024;

bool IsRetry(int number) { return number == EAGAIN || number == EWOULDBLOCK; }

}  // namespace

Result<std::unique_ptr<Socket>> Socket::Adopt(Loop& loop, int descriptor) {
  std::unique_ptr<Socket> socket(new Socket(loop, descriptor));
  const int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0) return FromErrno(errno, "read descriptor flags");
  if ((flags & O_NONBLOCK) == 0 && fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0) {
    return FromErrno(errno, "set descriptor non-blocking");
  }
  auto watched = socket->watch_.Start(descriptor);
  if (!watched) return std::move(watched).error();
  return socket;
}

Result<std::optional<std::size_t>> Socket::Receive(MutableBytes into) {
  if (!is_open()) return Unavailable("read: the connection is closed");
  if (!readable_.is_set()) return std::nullopt;
  ssize_t count;
  do {
    count = recv(descriptor_, into.data(), into.size(), 0);
  } while (count < 0 && errno == EINTR);
  if (count < 0) {
    if (!IsRetry(errno)) return FromErrno(errno, "read");
    readable_.Reset();
    full_reads_ = 0;
    return std::nullopt;
  }
  const auto size = static_cast<std::size_t>(count);
  if (size >= kLongRead) loop_.NoteLongRead();
  if (size < into.size()) {
    full_reads_ = 0;
    if (!watch_.is_hung_up()) readable_.Reset();  // Drained: the next bytes are a new edge.
  } else {
    ++full_reads_;
  }
  return size;
}

Result<std::optional<std::size_t>> Socket::Send(std::span<const Bytes> pieces, std::size_t skip) {
  if (!is_open()) return Unavailable("write: the connection is closed");
  std::array<iovec, kPiecesPerCall> vectors;
  std::size_t used = 0;
  for (Bytes piece : pieces) {
    if (used == vectors.size()) break;
    piece = piece.subspan(std::exchange(skip, 0));
    if (piece.empty()) continue;
    vectors[used++] = {const_cast<std::byte*>(piece.data()), piece.size()};
  }
  if (used == 0) return 0;
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = used;
  ssize_t count;
  do {
    // The kernel reads no list where there is but one piece, as with most small responses.
    count = used == 1 ? send(descriptor_, vectors[0].iov_base, vectors[0].iov_len, MSG_NOSIGNAL)
                      : sendmsg(descriptor_, &message, MSG_NOSIGNAL);
  } while (count < 0 && errno == EINTR);
  if (count >= 0) return static_cast<std::size_t>(count);
  if (!IsRetry(errno)) return FromErrno(errno, "write");
  writable_.Reset();
  return std::nullopt;
}

Result<void> Socket::ShutdownWrite() {
  if (!is_open()) return Unavailable("shutdown: the connection is closed");
  if (shutdown(descriptor_, SHUT_WR) != 0) return FromErrno(errno, "shutdown");
  return Ok();
}

Task<Result<void>> Socket::WaitWritableUnbounded() {
  co_await writable_.Wait();
  if (!is_open()) co_return Unavailable("write: the connection is closed");
  co_return Ok();
}

Task<Result<void>> Socket::WaitConnected() {
  writable_.Reset();
  auto waited = co_await WaitWritableUnbounded();
  co_return waited;
}

Task<Result<void>> Socket::WaitWritable(Duration limit) {
  auto waited = co_await WithDeadline(loop_, limit, "write", WaitWritableUnbounded());
  co_return waited;
}

void Socket::Close() noexcept {
  if (!is_open()) return;
  watch_.Stop();
  close(std::exchange(descriptor_, -1));
  readable_.Set();
  writable_.Set();
}

}  // namespace berth::net
