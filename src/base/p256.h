// P-256 keys (NIST's curve of that name): what Web Push agrees on secrets with, and signs with.
//
// Values over a key of OpenSSL's, which copies share. Safe from any thread.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"

extern "C" {
typedef struct evp_pkey_st EVP_PKEY;
}

namespace berth {

/// A point of the curve, uncompressed: 04, x, y.
using P256Point = std::array<std::byte, 65>;

class P256PrivateKey {
 public:
  static P256PrivateKey Generate(const RandomSource& random);
  /// From the 32 bytes that Raw() gave; kInvalid for another size, or a number that is no key.
  static Result<P256PrivateKey> From(std::span<const std::byte> raw);

  /// The secret itself, for keeping it sealed.
  Secret Raw() const { return raw_->Copy(); }
  const P256Point& public_point() const { return point_; }

  /// What this key and the owner of `other` both know (ECDH). kInvalid: no point of the curve.
  Result<std::array<std::byte, 32>> Agree(std::span<const std::byte> other) const;
  /// ECDSA with SHA-256, as JOSE writes it (ES256): r, then s.
  std::array<std::byte, 64> Sign(std::string_view message) const;

 private:
  P256PrivateKey(std::shared_ptr<const Secret> raw, P256Point point, std::shared_ptr<EVP_PKEY> key)
      : raw_(std::move(raw)), point_(point), key_(std::move(key)) {}

  std::shared_ptr<const Secret> raw_;
  P256Point point_;
  std::shared_ptr<EVP_PKEY> key_;
};

}  // namespace berth
