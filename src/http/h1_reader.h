// H1Reader: what arrived on a stream and is not consumed yet.
//
// Usually that is the stream's own buffer, read in place. Bytes are copied only when more must be
// read while some are still here: a head in fragments, pipelined requests.
#pragma once

#include <string>

#include "net/byte_stream.h"

namespace berth::http {

class H1Reader {
 public:
  /// `stream` must outlive the reader.
  explicit H1Reader(net::ByteStream& stream) : stream_(stream) {}

  /// The first unconsumed bytes; empty only if there are none at all. Valid until the next Fill
  /// begins or Contiguous is called.
  net::MutableBytes buffered();
  /// All unconsumed bytes in one piece; may copy.
  net::MutableBytes Contiguous();
  std::size_t size() const { return held_.size() - held_begin_ + current_.size(); }
  bool empty() const { return size() == 0; }

  /// Drops the first `count` bytes; views stay valid. REQUIRES: count <= buffered().size().
  void Consume(std::size_t count);

  /// Waits for more bytes, behind those that are here. False: the peer finished its direction.
  Task<Result<bool>> Fill();

 private:
  bool is_holding() const { return held_begin_ < held_.size(); }

  net::ByteStream& stream_;
  std::string held_;  // First: bytes kept across reads, from held_begin_ on.
  std::size_t held_begin_ = 0;
  net::MutableBytes current_;  // Then: a view of the stream's buffer.
};

}  // namespace berth::http
