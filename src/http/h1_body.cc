#include "http/h1_body.h"

namespace berth::http {

Result<H1BodyDecoder::Step> H1BodyDecoder::Decode(net::MutableBytes in) {
  switch (framing_.kind) {
    case BodyFraming::Kind::kNone:
      break;
    case BodyFraming::Kind::kLength: {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, in.size()));
      remaining_ -= size;
      return Step{.consumed = size, .data = in.first(size)};
    }
    case BodyFraming::Kind::kChunked:
      return chunked_.Decode(in);
    case BodyFraming::Kind::kUntilClose:
      return Step{.consumed = in.size(), .data = in};
  }
  return Step{.consumed = 0, .data = {}};
}

bool H1BodyDecoder::is_done() const {
  switch (framing_.kind) {
    case BodyFraming::Kind::kNone:
      return true;
    case BodyFraming::Kind::kLength:
      return remaining_ == 0;
    case BodyFraming::Kind::kChunked:
      return chunked_.is_done();
    case BodyFraming::Kind::kUntilClose:
      return false;
  }
  return true;
}

std::optional<std::uint64_t> H1BodyDecoder::length() const {
  if (framing_.kind == BodyFraming::Kind::kNone) return 0;
  if (framing_.kind == BodyFraming::Kind::kLength) return framing_.length;
  return std::nullopt;
}

}  // namespace berth::http
