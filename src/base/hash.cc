#include "base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <memory>

#include "base/as_unsigned.h"
#include "base/check.h"

namespace berth {
namespace {

/// OpenSSL looks an algorithm up by name, under a lock, whenever it is asked for one that it did
/// not hand out before; each request of a browser hashes its cookie.
const EVP_MD* FetchedSha256() {
  static const EVP_MD* const algorithm = [] {
    EVP_MD* fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    CHECK(fetched != nullptr);
    return fetched;
  }();
  return algorithm;
}

}  // namespace

Sha256Digest Sha256(std::span<const std::byte> bytes) {
  thread_local const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(
      EVP_MD_CTX_new(), EVP_MD_CTX_free);
  Sha256Digest digest;
  const bool done = EVP_DigestInit_ex2(context.get(), FetchedSha256(), nullptr) == 1 &&
                    EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1 &&
                    EVP_DigestFinal_ex(context.get(), AsUnsigned(digest.data()), nullptr) == 1;
  CHECK(done);
  return digest;
}

Sha256Digest Sha256(std::string_view text) { return Sha256(std::as_bytes(std::span(text))); }

Sha256Digest HmacSha256(std::span<const std::byte> key, std::span<const std::byte> message) {
  Sha256Digest digest;
  unsigned int size = 0;
  const auto* done =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), AsUnsigned(message.data()),
           message.size(), AsUnsigned(digest.data()), &size);
  CHECK(done != nullptr && size == digest.size());
  return digest;
}

bool EqualsInConstantTime(std::span<const std::byte> a, std::span<const std::byte> b) {
  if (a.size() != b.size()) return false;
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace berth
