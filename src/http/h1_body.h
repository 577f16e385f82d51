// Decodes a message body by its framing, in place, whichever side reads it. A plain value, no I/O.
#pragma once

#include "http/chunked.h"
#include "http/h1_parser.h"

namespace berth::http {

class H1BodyDecoder {
 public:
  H1BodyDecoder() = default;  ///< No body: done at once.
  explicit H1BodyDecoder(BodyFraming framing) : framing_(framing), remaining_(framing.length) {}

  using Step = ChunkedDecoder::Step;

  /// Decodes the next bytes of the connection, as ChunkedDecoder::Decode does.
  Result<Step> Decode(net::MutableBytes in);

  /// The body is complete. Never true for kUntilClose: the end of the connection is its end.
  bool is_done() const;

  /// Whether a body of this framing may end where the connection does.
  bool may_end_here() const { return is_done() || framing_.kind == BodyFraming::Kind::kUntilClose; }

  /// The whole body's size, where the head told.
  std::optional<std::uint64_t> length() const;

 private:
  BodyFraming framing_;
  std::uint64_t remaining_ = 0;
  ChunkedDecoder chunked_;
};

}  // namespace berth::http
