// H2FloodGuard: counts what an HTTP/2 peer may do for free, and says when it was too much.
//
// HTTP/2 lets a peer cause work with frames that cost it nothing: resets, PING, SETTINGS, DATA
// without data, endless CONTINUATION, heads that are small until they are decoded. Debian's nghttp2
// 1.52 bounds only some of these. The guard reads the frame headers of what arrives, ahead of
// nghttp2, keeps a token bucket for each kind, and is told what heads come to. Owned by one
// H2Session; it changes nothing and answers nothing itself.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/executor.h"
#include "base/result.h"
#include "base/token_bucket.h"
#include "net/byte_stream.h"

namespace berth::http {

class H2FloodGuard {
 public:
  struct Rules {
    bool expects_preface;       ///< The peer is an HTTP/2 client: 24 bytes come before the frames.
    double scale;               ///< Multiplies every budget.
    std::size_t head_bytes;     ///< Most bytes of one compressed head.
    std::size_t decoded_bytes;  ///< Most bytes that nghttp2 may decode and check of one.
  };
  explicit H2FloodGuard(Rules rules);

  /// Looks at bytes before nghttp2 does. kTooLarge: over budget, the connection must end.
  Result<void> Inspect(net::Bytes bytes, TimePoint now);
  /// Notes a reset that we sent (because the peer made us). False: over budget.
  bool SpendSentReset(TimePoint now);

  /// Notes that a head, or trailers, begin to be decoded.
  void BeginHead() { decoded_bytes_ = 0; }
  /// Notes one more field of it, of so many bytes. False: over budget, its stream must end.
  bool SpendField(std::size_t bytes) {
    decoded_bytes_ += bytes;
    return decoded_bytes_ <= rules_.decoded_bytes;
  }
  /// Notes that the head which was decoded last proved to be of no use. False: over budget.
  bool SpendUselessHead(TimePoint now);

  bool is_head_incomplete() const { return head_incomplete_; }

 private:
  Result<void> InspectFrame(TimePoint now);
  bool Spend(TokenBucket& bucket, TokenBucket::Rate rate, TimePoint now, double amount = 1);

  const Rules rules_;
  std::size_t skip_;              ///< Bytes until the next frame header.
  bool is_padding_next_ = false;  ///< The next byte is the length of a DATA frame's padding.
  std::array<std::byte, 9> header_;
  std::size_t header_size_ = 0;
  bool head_incomplete_ = false;
  std::size_t head_frames_ = 0;
  std::size_t head_bytes_ = 0;
  std::size_t decoded_bytes_ = 0;
  TokenBucket resets_;
  TokenBucket sent_resets_;
  TokenBucket pings_;
  TokenBucket settings_;
  TokenBucket empty_data_;
  TokenBucket others_;
};

}  // namespace berth::http
