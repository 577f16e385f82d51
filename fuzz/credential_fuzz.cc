// Credentials and the texts they are made of, as anybody may present them. Property: what is
// accepted is the one spelling of its value.
#include <cstdint>

#include "base/check.h"
#include "base/encoding.h"
#include "base/wall_clock.h"
#include "http/websocket_handshake.h"
#include "identity/credential.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth;  // NOLINT
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto bytes = std::as_bytes(std::span(data, size));
  CHECK(HexDecode(HexEncode(bytes)) == std::vector(bytes.begin(), bytes.end()));
  CHECK(Base64UrlDecode(Base64UrlEncode(bytes)) == std::vector(bytes.begin(), bytes.end()));
  if (const auto decoded = HexDecode(text)) CHECK(HexEncode(*decoded) == text);
  if (const auto decoded = Base64UrlDecode(text)) CHECK(Base64UrlEncode(*decoded) == text);
  if (const auto time = ParseIso8601(text)) CHECK(FormatIso8601(*time) == text);
  if (http::IsWebSocketKey(text)) CHECK(text.size() == 24 && text.ends_with("=="));
  for (const auto parse :
       {identity::ParseCompact, identity::ParseAgentToken, identity::ParseApiToken}) {
    const auto presented = parse(text);
    if (!presented) continue;
    CHECK(presented->id.size() == 16 && HexDecode(presented->id));
    CHECK(text.contains(presented->id));
    // Any other spelling is another secret, or none.
    std::string other(text);
    other.back() = static_cast<char>(other.back() ^ 1);
    const auto changed = parse(other);
    CHECK(!changed || changed->secret_hash != presented->secret_hash);
  }
  return 0;
}
