// Ed25519 signatures (RFC 8032): what the hub signs with, and agents verify with.
//
// Values over a key of OpenSSL's, which copies share. Safe from any thread.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"

extern "C" {
typedef struct evp_pkey_st EVP_PKEY;
}

namespace berth {

using Ed25519Signature = std::array<std::byte, 64>;

/// Verifies. An empty one (default constructed) verifies nothing.
class Ed25519PublicKey {
 public:
  Ed25519PublicKey() = default;
  /// From its 32 bytes; kInvalid for another size.
  static Result<Ed25519PublicKey> From(std::span<const std::byte> raw);
  /// From Text(); kInvalid for any other spelling.
  static Result<Ed25519PublicKey> FromText(std::string_view text);

  const std::array<std::byte, 32>& raw() const { return raw_; }
  /// The bytes in base64url: 43 characters.
  std::string Text() const;
  /// A short name: the first 8 bytes of the SHA-256 of the key, in hexadecimal.
  std::string Id() const;

  /// Whether `signature` (of any size) is this key's for `message`. Costs about 100 us.
  bool Verify(std::string_view message, std::span<const std::byte> signature) const;

  bool operator==(const Ed25519PublicKey& other) const { return raw_ == other.raw_; }

 private:
  std::array<std::byte, 32> raw_{};
  std::shared_ptr<EVP_PKEY> key_;
};

/// Signs.
class Ed25519PrivateKey {
 public:
  static Ed25519PrivateKey Generate(const RandomSource& random);
  /// From the 32 bytes that Raw() gave; kInvalid for another size.
  static Result<Ed25519PrivateKey> From(std::string_view raw);

  /// The secret itself, for keeping it sealed.
  Secret Raw() const;
  const Ed25519PublicKey& public_key() const { return public_key_; }
  Ed25519Signature Sign(std::string_view message) const;

 private:
  explicit Ed25519PrivateKey(std::shared_ptr<EVP_PKEY> key);

  std::shared_ptr<EVP_PKEY> key_;
  Ed25519PublicKey public_key_;
};

}  // namespace berth
