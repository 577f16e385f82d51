#include "base/ed25519.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/as_unsigned.h"
#include "base/check.h"
#include "base/encoding.h"
#include "base/hash.h"

namespace berth {
namespace {

constexpr std::size_t kKeySize = 32;
constexpr std::size_t kIdSize = 8;

using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

std::shared_ptr<EVP_PKEY> Share(EVP_PKEY* key) {
  CHECK(key != nullptr);
  return {key, &EVP_PKEY_free};
}

}  // namespace

Result<Ed25519PublicKey> Ed25519PublicKey::From(std::span<const std::byte> raw) {
  if (raw.size() != kKeySize) return Invalid("an Ed25519 key has 32 bytes");
  Ed25519PublicKey key;
  std::copy(raw.begin(), raw.end(), key.raw_.begin());
  key.key_ = Share(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, AsUnsigned(raw.data()), raw.size()));
  return key;
}

Result<Ed25519PublicKey> Ed25519PublicKey::FromText(std::string_view text) {
  const auto raw = Base64UrlDecode(text);
  if (!raw) return Invalid("not a key: want 43 characters of base64url");
  return From(*raw);
}

std::string Ed25519PublicKey::Text() const { return Base64UrlEncode(raw_); }

std::string Ed25519PublicKey::Id() const {
  const Sha256Digest digest = Sha256(raw_);
  return HexEncode(std::span(digest).first(kIdSize));
}

bool Ed25519PublicKey::Verify(std::string_view message,
                              std::span<const std::byte> signature) const {
  if (!key_ || signature.size() != std::tuple_size_v<Ed25519Signature>) return false;
  const Context context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  CHECK(EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1);
  const bool is_good =
      EVP_DigestVerify(context.get(), AsUnsigned(signature.data()), signature.size(),
                       AsUnsigned(message.data()), message.size()) == 1;
  if (!is_good) ERR_clear_error();
  return is_good;
}

Ed25519PrivateKey::Ed25519PrivateKey(std::shared_ptr<EVP_PKEY> key) : key_(std::move(key)) {
  std::array<unsigned char, kKeySize> raw;
  std::size_t size = raw.size();
  CHECK(EVP_PKEY_get_raw_public_key(key_.get(), raw.data(), &size) == 1 && size == raw.size());
  public_key_ = Ed25519PublicKey::From(std::as_bytes(std::span(raw))).value();
}

Ed25519PrivateKey Ed25519PrivateKey::Generate(const RandomSource& random) {
  auto seed = RandomBytes<kKeySize>(random);
  Ed25519PrivateKey key(Share(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr,
                                                           AsUnsigned(seed.data()), seed.size())));
  OPENSSL_cleanse(seed.data(), seed.size());
  return key;
}

Result<Ed25519PrivateKey> Ed25519PrivateKey::From(std::string_view raw) {
  if (raw.size() != kKeySize) return Invalid("an Ed25519 key has 32 bytes");
  return Ed25519PrivateKey(Share(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, AsUnsigned(raw.data()), raw.size())));
}

Secret Ed25519PrivateKey::Raw() const {
  std::array<char, kKeySize> raw;
  std::size_t size = raw.size();
  CHECK(EVP_PKEY_get_raw_private_key(key_.get(), AsUnsigned(raw.data()), &size) == 1 &&
        size == raw.size());
  Secret secret(std::string_view(raw.data(), raw.size()));
  OPENSSL_cleanse(raw.data(), raw.size());
  return secret;
}

Ed25519Signature Ed25519PrivateKey::Sign(std::string_view message) const {
  const Context context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  Ed25519Signature signature;
  std::size_t size = signature.size();
  CHECK(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1);
  CHECK(EVP_DigestSign(context.get(), AsUnsigned(signature.data()), &size,
                       AsUnsigned(message.data()), message.size()) == 1 &&
        size == signature.size());
  return signature;
}

}  // namespace berth
