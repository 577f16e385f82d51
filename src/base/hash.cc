#include "base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "base/check.h"

namespace berth {
namespace {

const unsigned char* AsUnsigned(std::span<const std::byte> bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

Sha256Digest Sha256(std::span<const std::byte> bytes) {
  Sha256Digest digest;
  SHA256(AsUnsigned(bytes), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

Sha256Digest Sha256(std::string_view text) { return Sha256(std::as_bytes(std::span(text))); }

Sha256Digest HmacSha256(std::span<const std::byte> key, std::span<const std::byte> message) {
  Sha256Digest digest;
  unsigned int size = 0;
  const auto* done =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), AsUnsigned(message),
           message.size(), reinterpret_cast<unsigned char*>(digest.data()), &size);
  CHECK(done != nullptr && size == digest.size());
  return digest;
}

bool EqualsInConstantTime(std::span<const std::byte> a, std::span<const std::byte> b) {
  if (a.size() != b.size()) return false;
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace berth
