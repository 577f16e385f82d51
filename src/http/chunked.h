// The chunked transfer coding (RFC 9112, section 7.1): an incremental decoder that works in place,
// and the text around a chunk for senders.
//
// Strict: sizes are 1 to 15 hexadecimal digits, every line ends with CRLF, no white space around
// the size. Extensions and trailers are read, bounded, and dropped. Plain values, no I/O.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "net/byte_stream.h"

namespace berth::http {

class ChunkedDecoder {
 public:
  /// Bytes of chunk extensions and of trailers that one body may have.
  static constexpr std::size_t kMaxExtensionBytes = 16 * 1024;
  static constexpr std::size_t kMaxTrailerBytes = 16 * 1024;

  struct Step {
    std::size_t consumed;    ///< All of the input, except what follows the end of the body.
    net::MutableBytes data;  ///< The body bytes found, moved together inside the input.
  };

  /// Decodes the next bytes. kInvalid: not the chunked coding; kTooLarge: a bound is exceeded. An
  /// error is final.
  Result<Step> Decode(net::MutableBytes in);

  /// The last chunk and the trailers have been read.
  bool is_done() const { return state_ == State::kDone; }

 private:
  enum class State {
    kSizeFirst,     // The first digit of a size.
    kSize,          // More digits, or what ends them.
    kExtension,     // After ';', up to CR.
    kSizeLf,        // The LF of the size line.
    kData,          // remaining_ > 0 bytes of the chunk.
    kDataCr,        // The CRLF after the chunk.
    kDataLf,        //
    kTrailerFirst,  // The first byte of a trailer line, or the final CR.
    kTrailerName,   // Up to ':'.
    kTrailerValue,  // Up to CR.
    kTrailerLf,     // The LF of a trailer line.
    kEndLf,         // The LF of the final empty line.
    kDone,
  };
  Result<void> DecodeByte(unsigned char byte);

  State state_ = State::kSizeFirst;
  std::uint64_t remaining_ = 0;
  int digits_ = 0;
  std::size_t extension_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
};

/// The line before a chunk of `size` > 0 bytes is appended to `out`; kChunkEnd comes after them.
void AppendChunkStart(std::string& out, std::uint64_t size);
inline constexpr std::string_view kChunkEnd = "\r\n";
/// The end of a chunked body.
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace berth::http
