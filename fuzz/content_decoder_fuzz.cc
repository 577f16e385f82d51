// Compressed bodies of a hostile instance. The first byte chooses the coding.
#include <algorithm>

#include "http/content_decoder.h"
#include "rewriter_properties.h"

using berth::http::ContentDecoder;
using berth::rewrite::fuzz::Require;

namespace {

constexpr std::size_t kEnough = 1 << 20;  // Of a bomb's output.

/// The output, cut at kEnough, and whether it decoded to its end.
std::pair<std::string, bool> Decode(const char* coding, std::string_view in, std::size_t size) {
  const auto decoder = ContentDecoder::Create(coding);
  std::string all;
  while (!in.empty()) {
    std::string_view piece = in.substr(0, size);
    in.remove_prefix(piece.size());
    for (;;) {
      const std::size_t before = piece.size();
      std::string out;
      if (!decoder->Decode(piece, out)) return {all, false};
      Require(out.size() <= berth::http::kDecodeStep, "steps are bounded");
      all += out;
      if (all.size() >= kEnough) return {all.substr(0, kEnough), true};
      if (piece.size() == before && out.empty()) break;
    }
    Require(piece.empty(), "all input is used");
  }
  return {all, decoder->Finish().has_value()};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr const char* kCodings[] = {"gzip", "deflate", "br", "identity", "zstd"};
  const char* coding = kCodings[data[0] % 5];
  const std::string_view in(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto [whole, is_whole] = Decode(coding, in, std::max<std::size_t>(in.size(), 1));
  const auto [cut, is_cut] = Decode(coding, in, 3);
  // How much comes out before broken data is noticed may differ, so a bomb says nothing.
  if (whole.size() >= kEnough || cut.size() >= kEnough) return 0;
  Require(is_whole == is_cut, "cuts make no difference to failure");
  Require(!is_whole || whole == cut, "cuts make no difference");
  return 0;
}
