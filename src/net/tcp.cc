#include "net/tcp.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "net/address.h"

namespace berth::net {
namespace {

void SetOption(int descriptor, int level, int name, int value) {
  // Refused on sockets that are not TCP (tests use socket pairs): no reason to fail.
  (void)setsockopt(descriptor, level, name, &value, sizeof(value));
}

}  // namespace

TcpStream::TcpStream(std::unique_ptr<Socket> socket, Peer peer, const Limits& limits)
    : socket_(std::move(socket)), peer_(std::move(peer)), write_stall_(limits.write_stall_timeout) {
  const int descriptor = socket_->descriptor();
  SetOption(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  // A peer that vanished without a word is noticed after 60 + 4 * 15 s, even where nobody writes.
  SetOption(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
  SetOption(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, 60);
  SetOption(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, 15);
  SetOption(descriptor, IPPROTO_TCP, TCP_KEEPCNT, 4);
  if (IsLoopbackHost(peer_.address)) AvoidPacing(descriptor);
}

void AvoidPacing(int descriptor) {
  static constexpr std::string_view kReno = "reno";  // Every Linux has it.
  (void)setsockopt(descriptor, IPPROTO_TCP, TCP_CONGESTION, kReno.data(), kReno.size());
}

Task<Result<MutableBytes>> TcpStream::Read() {
  co_await socket_->PauseIfBusy();
  for (;;) {
    auto received = socket_->Receive(buffer_.Room());
    if (!received) co_return std::move(received).error();
    if (*received) {
      if (**received != 0) co_return buffer_.Commit(**received);
      buffer_.Release();
      co_return MutableBytes{};
    }
    buffer_.Release();
    co_await socket_->WaitReadable();
  }
}

Task<Result<void>> TcpStream::Write(std::span<const Bytes> pieces) {
  std::size_t skip = 0;
  while (!pieces.empty()) {
    auto sent = socket_->Send(pieces, skip);
    if (!sent) co_return std::move(sent).error();
    if (*sent) {
      Consume(pieces, skip, **sent);
      continue;
    }
    auto writable = co_await socket_->WaitWritable(write_stall_);
    if (!writable) co_return std::move(writable).error();
  }
  co_return Ok();
}

Task<Result<void>> TcpStream::ShutdownWrite() { co_return socket_->ShutdownWrite(); }

void Consume(std::span<const Bytes>& pieces, std::size_t& skip, std::size_t count) {
  while (!pieces.empty() && count >= pieces.front().size() - skip) {
    count -= pieces.front().size() - skip;
    skip = 0;
    pieces = pieces.subspan(1);
  }
  skip += count;
}

}  // namespace berth::net
