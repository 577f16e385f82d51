#include "http/chunked.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "base/encoding.h"

namespace berth::http {
namespace {

constexpr int kMaxDigits = 15;  // Below 2^60: no sum of sizes overflows.

constexpr bool IsControl(unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7F; }

/// What a trailer name may hold, roughly: visible ASCII without the colon.
constexpr bool IsNameByte(unsigned char c) { return c > 0x20 && c < 0x7F && c != ':'; }

}  // namespace

Result<void> ChunkedDecoder::DecodeByte(unsigned char byte) {
  switch (state_) {
    case State::kSizeFirst:
    case State::kSize:
      if (const int digit = HexValue(static_cast<char>(byte)); digit >= 0) {
        if (++digits_ > kMaxDigits) return Invalid("chunk size is too long");
        remaining_ = remaining_ * 16 + static_cast<std::uint64_t>(digit);
        state_ = State::kSize;
      } else if (state_ == State::kSize && byte == '\r') {
        state_ = State::kSizeLf;
      } else if (state_ == State::kSize && byte == ';') {
        state_ = State::kExtension;
      } else {
        return Invalid("chunk size is not a number");
      }
      return Ok();
    case State::kExtension:
      if (byte == '\r') {
        state_ = State::kSizeLf;
        return Ok();
      }
      if (IsControl(byte)) return Invalid("control byte in a chunk extension");
      if (++extension_bytes_ > kMaxExtensionBytes) return TooLarge("chunk extensions");
      return Ok();
    case State::kSizeLf:
      if (byte != '\n') return Invalid("chunk size line without LF");
      digits_ = 0;
      state_ = remaining_ == 0 ? State::kTrailerFirst : State::kData;
      return Ok();
    case State::kDataCr:
      if (byte != '\r') return Invalid("chunk longer than its size");
      state_ = State::kDataLf;
      return Ok();
    case State::kDataLf:
      if (byte != '\n') return Invalid("chunk end without LF");
      state_ = State::kSizeFirst;
      return Ok();
    case State::kTrailerFirst:
      if (byte == '\r') {
        state_ = State::kEndLf;
        return Ok();
      }
      state_ = State::kTrailerName;
      if (byte == ':') return Invalid("trailer without a name");
      [[fallthrough]];
    case State::kTrailerName:
      if (byte == ':') {
        state_ = State::kTrailerValue;
      } else if (!IsNameByte(byte)) {
        return Invalid("trailer name is not a token");
      }
      if (++trailer_bytes_ > kMaxTrailerBytes) return TooLarge("trailers");
      return Ok();
    case State::kTrailerValue:
      if (byte == '\r') {
        state_ = State::kTrailerLf;
        return Ok();
      }
      if (IsControl(byte)) return Invalid("control byte in a trailer");
      if (++trailer_bytes_ > kMaxTrailerBytes) return TooLarge("trailers");
      return Ok();
    case State::kTrailerLf:
      if (byte != '\n') return Invalid("trailer line without LF");
      state_ = State::kTrailerFirst;
      return Ok();
    case State::kEndLf:
      if (byte != '\n') return Invalid("body end without LF");
      state_ = State::kDone;
      return Ok();
    case State::kData:
    case State::kDone:
      break;
  }
  return Internal("chunked decoder in an impossible state");
}

Result<ChunkedDecoder::Step> ChunkedDecoder::Decode(net::MutableBytes in) {
  std::size_t at = 0;
  // Where the body bytes found so far begin and end. Later ones are moved up to the end.
  std::size_t begin = 0;
  std::size_t end = 0;
  while (at < in.size() && state_ != State::kDone) {
    if (state_ != State::kData) {
      auto decoded = DecodeByte(static_cast<unsigned char>(in[at]));
      if (!decoded) return std::move(decoded).error();
      ++at;
      continue;
    }
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, in.size() - at));
    if (begin == end) {
      begin = at;
      end = at + size;
    } else {
      std::memmove(in.data() + end, in.data() + at, size);
      end += size;
    }
    at += size;
    remaining_ -= size;
    if (remaining_ == 0) state_ = State::kDataCr;
  }
  return Step{.consumed = at, .data = in.subspan(begin, end - begin)};
}

void AppendChunkStart(std::string& out, std::uint64_t size) {
  fmt::format_to(std::back_inserter(out), "{:x}\r\n", size);
}

}  // namespace berth::http
