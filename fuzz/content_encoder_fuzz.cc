// Bodies of any instance, encoded: decoding gives them back, however they are cut and wherever the
// encoder pauses. The first byte chooses the coding, the second the size of the pieces and, by its
// highest bit, whether to pause after each.

#include "http/content_decoder.h"
#include "http/content_encoder.h"
#include "rewriter_properties.h"

using berth::http::Coding;
using berth::http::ContentDecoder;
using berth::http::ContentEncoder;
using berth::rewrite::fuzz::Require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  constexpr Coding kCodings[] = {Coding::kGzip, Coding::kBrotli, Coding::kZstd};
  const Coding coding = kCodings[data[0] % 3];
  const bool pauses = (data[1] & 0x80) != 0;
  const std::size_t piece_size = 1 + (data[1] & 0x7F) * 16;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);

  const auto length = pauses ? std::nullopt : std::optional<std::uint64_t>(text.size());
  const auto encoder = ContentEncoder::Create(coding, length);
  const auto decoder = ContentDecoder::Create(berth::http::NameOf(coding));
  std::string decoded;
  for (std::size_t at = 0; at <= text.size(); at += piece_size) {
    const std::string_view piece = text.substr(at, piece_size);
    const bool is_last = at + piece_size > text.size();
    const auto then = is_last  ? ContentEncoder::Then::kEnd
                      : pauses ? ContentEncoder::Then::kPause
                               : ContentEncoder::Then::kMore;
    std::string coded;
    Require(encoder->Encode(piece, then, coded).has_value(), "encoding does not fail");
    std::string_view in = coded;
    for (std::size_t before = decoded.size() + 1; !in.empty() || before != decoded.size();) {
      before = decoded.size();
      Require(decoder->Decode(in, decoded).has_value(), "what we encode decodes");
    }
    if (pauses) Require(decoded == text.substr(0, at + piece.size()), "a pause holds nothing back");
  }
  Require(decoder->Finish().has_value(), "what we encode ends");
  Require(decoded == text, "what we encode comes back");
  return 0;
}
