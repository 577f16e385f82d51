#include "http/taken_connection.h"

namespace berth::http {
namespace {

class Arriving : public Body {
 public:
  Arriving(net::ByteStream& stream, std::string first)
      : stream_(stream), first_(std::move(first)), has_first_(!first_.empty()) {}

  Task<Result<MutableBytes>> Read() override {
    if (std::exchange(has_first_, false)) return GiveFirst();
    if (first_.capacity() != 0) first_ = std::string();
    return stream_.Read();
  }

 private:
  Task<Result<MutableBytes>> GiveFirst() { co_return std::as_writable_bytes(std::span(first_)); }

  net::ByteStream& stream_;
  std::string first_;
  bool has_first_;
};

}  // namespace

BodyPtr ArrivingBody(net::ByteStream& stream, std::string first) {
  return std::make_unique<Arriving>(stream, std::move(first));
}

Task<Result<void>> WriteOut(BodyPtr body, net::ByteStream& stream) {
  for (;;) {
    auto piece = co_await body->Read();
    if (!piece) co_return std::move(piece).error();
    if (piece->empty()) co_return Ok();
    const Bytes bytes = *piece;
    auto written = co_await stream.Write(std::span(&bytes, 1));
    if (!written) {
      body.reset();  // Who fills it learns of it now: this frame may live on for long.
      co_return std::move(written).error();
    }
  }
}

Task<Result<void>> FinishConnection(Task<Result<void>> writing, net::ByteStream& stream) {
  auto written = co_await writing;
  if (!written) co_return written;
  auto finished = co_await stream.ShutdownWrite();
  if (!finished) co_return finished;
  for (;;) {
    auto read = co_await stream.Read();
    if (!read) co_return std::move(read).error();
    if (read->empty()) co_return Ok();
  }
}

}  // namespace berth::http
