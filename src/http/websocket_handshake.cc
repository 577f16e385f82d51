#include "http/websocket_handshake.h"

#include <openssl/sha.h>

#include <array>
#include <span>

#include "base/encoding.h"
#include "base/random.h"

namespace berth::http {

std::string MakeWebSocketKey() {
  // A nonce against confused caches, not a secret.
  return Base64Encode(RandomBytes<16>(SystemRandom()));
}

bool IsWebSocketKey(std::string_view key) {
  if (key.size() != 24) return false;
  const auto nonce = Base64Decode(key);
  return nonce && nonce->size() == 16;
}

std::string WebSocketAccept(std::string_view key) {
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return Base64Encode(std::as_bytes(std::span(digest)));
}

}  // namespace berth::http
