// The chunked decoder. Properties: how the bytes are cut does not change the outcome; data never
// exceeds the input; what was decoded, encoded by us, decodes to the same.
//
// The first byte of the input chooses how the rest is cut.
#include <optional>

#include "base/check.h"
#include "http/chunked.h"

namespace berth::http {
namespace {

struct Decoded {
  std::string data;
  std::size_t consumed = 0;
  bool is_done = false;
  friend bool operator==(const Decoded&, const Decoded&) = default;
};

std::optional<Decoded> Decode(std::string text, std::size_t step) {
  ChunkedDecoder decoder;
  Decoded decoded;
  while (decoded.consumed < text.size() && !decoder.is_done()) {
    // A buffer of its own, so that nothing outside the piece is touched unnoticed.
    std::string piece = text.substr(decoded.consumed, step);
    auto result = decoder.Decode(std::as_writable_bytes(std::span(piece)));
    if (!result) return std::nullopt;
    CHECK(result->consumed == piece.size() || decoder.is_done());
    CHECK(result->data.size() <= result->consumed);
    decoded.data += net::AsText(result->data);
    decoded.consumed += result->consumed;
  }
  decoded.is_done = decoder.is_done();
  return decoded;
}

}  // namespace
}  // namespace berth::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth::http;  // NOLINT
  if (size < 2) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = Decode(text, text.size());
  const auto cut = Decode(text, 1 + data[0] % 17);
  CHECK(whole == cut);
  if (!whole) return 0;
  std::string encoded;
  if (!whole->data.empty()) {
    AppendChunkStart(encoded, whole->data.size());
    encoded.append(whole->data).append(kChunkEnd);
  }
  encoded += kLastChunk;
  const auto again = Decode(encoded, encoded.size());
  CHECK(again && again->is_done && again->consumed == encoded.size());
  CHECK(again->data == whole->data);
  return 0;
}
