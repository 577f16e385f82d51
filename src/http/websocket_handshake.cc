#include "http/websocket_handshake.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <array>

#include "base/check.h"

namespace berth::http {
namespace {

template <std::size_t N>
std::string Base64(const std::array<unsigned char, N>& bytes) {
  std::array<unsigned char, (N + 2) / 3 * 4 + 1> text;
  const int size = EVP_EncodeBlock(text.data(), bytes.data(), static_cast<int>(N));
  return {reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(size)};
}

constexpr bool IsBase64Digit(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/';
}

}  // namespace

std::string MakeWebSocketKey() {
  // A nonce against confused caches, not a secret; without randomness there is no TLS either.
  std::array<unsigned char, 16> bytes;
  CHECK(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
  return Base64(bytes);
}

bool IsWebSocketKey(std::string_view key) {
  if (key.size() != 24 || !key.ends_with("==")) return false;
  for (const char c : key.substr(0, 22)) {
    if (!IsBase64Digit(c)) return false;
  }
  // The last digit carries two bits: the other four are zero.
  return std::string_view("AQgw").find(key[21]) != std::string_view::npos;
}

std::string WebSocketAccept(std::string_view key) {
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return Base64(digest);
}

}  // namespace berth::http
