// Jwks: a provider's public keys (RFC 7517) and the signatures made with them (RFC 7518, RFC 8037):
// RS256, ES256 and EdDSA (Ed25519), through OpenSSL. Nothing symmetric, and no "none".
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

extern "C" {
typedef struct evp_pkey_st EVP_PKEY;
}

namespace berth::identity {

enum class SignatureKind { kRs256, kEs256, kEdDsa };

/// "RS256", "ES256" or "EdDSA"; nothing for all others.
std::optional<SignatureKind> ParseSignatureKind(std::string_view name);

/// One public key; it makes signatures of one kind only.
class PublicKey {
 public:
  PublicKey(std::string id, SignatureKind kind, std::shared_ptr<EVP_PKEY> key)
      : id_(std::move(id)), kind_(kind), key_(std::move(key)) {}

  const std::string& id() const { return id_; }  ///< "kid"; "" for none.
  SignatureKind kind() const { return kind_; }
  /// Whether `signature` is this key's for `text`.
  bool Verify(std::string_view text, std::string_view signature) const;

 private:
  std::string id_;
  SignatureKind kind_;
  std::shared_ptr<EVP_PKEY> key_;
};

class Jwks {
 public:
  Jwks() = default;
  /// Reads a key set; keys that are of no use here (other kinds, for encryption, RSA below 2048
  /// bits) are left out. At most 100. kInvalid: not a key set.
  static Result<Jwks> Parse(std::string_view text);

  /// The key for a signature of that kind under that id; without an id, the only one of its kind.
  const PublicKey* Find(std::string_view id, SignatureKind kind) const;
  std::size_t size() const { return keys_.size(); }

 private:
  std::vector<PublicKey> keys_;
};

}  // namespace berth::identity
