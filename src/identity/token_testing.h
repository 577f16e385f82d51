// For tests: a provider's keys, and ID tokens signed with them.
#pragma once

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "base/hash.h"
#include "identity/jwks.h"

namespace berth::identity::testing {

inline std::string Encode(std::string_view text) {
  return Base64UrlEncode(std::as_bytes(std::span(text)));
}

/// A key of the provider, with its private half.
class TestKey {
 public:
  TestKey(SignatureKind kind, std::string id) : kind_(kind), id_(std::move(id)) {
    switch (kind) {
      case SignatureKind::kRs256:
        key_.reset(EVP_RSA_gen(2048));
        break;
      case SignatureKind::kEs256:
        key_.reset(EVP_EC_gen("P-256"));
        break;
      case SignatureKind::kEdDsa:
        key_.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
        break;
    }
    if (!key_) throw std::runtime_error("no key");
  }

  std::string_view algorithm() const {
    return kind_ == SignatureKind::kRs256   ? "RS256"
           : kind_ == SignatureKind::kEs256 ? "ES256"
                                            : "EdDSA";
  }

  /// The public half as one entry of a key set; `more` are further members: ", \"use\":\"enc\"".
  std::string Jwk(std::string_view more = "") const {
    switch (kind_) {
      case SignatureKind::kRs256:
        return fmt::format(R"({{"kty":"RSA","kid":"{}","n":"{}","e":"{}"{}}})", id_,
                           Number(OSSL_PKEY_PARAM_RSA_N), Number(OSSL_PKEY_PARAM_RSA_E), more);
      case SignatureKind::kEs256:
        return fmt::format(R"({{"kty":"EC","crv":"P-256","kid":"{}","x":"{}","y":"{}"{}}})", id_,
                           Number(OSSL_PKEY_PARAM_EC_PUB_X, 32),
                           Number(OSSL_PKEY_PARAM_EC_PUB_Y, 32), more);
      case SignatureKind::kEdDsa:
        break;
    }
    std::array<unsigned char, 32> bytes{};
    std::size_t size = bytes.size();
    EVP_PKEY_get_raw_public_key(key_.get(), bytes.data(), &size);
    return fmt::format(R"({{"kty":"OKP","crv":"Ed25519","kid":"{}","x":"{}"{}}})", id_,
                       Base64UrlEncode(std::as_bytes(std::span(bytes))), more);
  }

  /// A token of these claims under that header; the header is made if it is "".
  std::string Sign(std::string_view claims, std::string header = "") const {
    if (header.empty()) header = fmt::format(R"({{"alg":"{}","kid":"{}"}})", algorithm(), id_);
    const std::string text = Encode(header) + "." + Encode(claims);
    return text + "." + Encode(Signature(text));
  }

  std::string Signature(std::string_view text) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          &EVP_MD_CTX_free);
    const EVP_MD* const digest = kind_ == SignatureKind::kEdDsa ? nullptr : EVP_sha256();
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    std::size_t size = 0;
    EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key_.get());
    EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size());
    std::string signature(size, '\0');
    EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                   text.size());
    signature.resize(size);
    return kind_ == SignatureKind::kEs256 ? Halves(signature) : signature;
  }

 private:
  std::string Number(const char* name, int size = 0) const {
    BIGNUM* number = nullptr;
    if (EVP_PKEY_get_bn_param(key_.get(), name, &number) != 1) throw std::runtime_error(name);
    std::string bytes(static_cast<std::size_t>(size == 0 ? BN_num_bytes(number) : size), '\0');
    BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()),
                 static_cast<int>(bytes.size()));
    BN_free(number);
    return Encode(bytes);
  }
  /// From DER to the two numbers side by side.
  static std::string Halves(const std::string& der) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    ECDSA_SIG* const pair = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
    std::string halves(64, '\0');
    auto* const out = reinterpret_cast<unsigned char*>(halves.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + 32, 32);
    ECDSA_SIG_free(pair);
    return halves;
  }

  SignatureKind kind_;
  std::string id_;
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_{nullptr, &EVP_PKEY_free};
};

inline std::string KeySet(const std::vector<std::string>& keys) {
  return fmt::format("{{\"keys\":[{}]}}", fmt::join(keys, ","));
}

}  // namespace berth::identity::testing
