// For tests: whether a signature of P256PrivateKey holds, as whoever gets it sees it.
#pragma once

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <memory>
#include <span>
#include <string_view>

#include "base/check.h"

namespace berth::testing {

/// Whether `signature` is the one of the owner of `point` for `message`, as Sign() makes it.
inline bool VerifyP256(std::span<const std::byte> point, std::string_view message,
                       std::span<const std::byte> signature) {
  const auto raw = [](std::span<const std::byte> bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
  };
  if (signature.size() != 64) return false;
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> parts(ECDSA_SIG_new(),
                                                                    ECDSA_SIG_free);
  CHECK(ECDSA_SIG_set0(parts.get(), BN_bin2bn(raw(signature.first(32)), 32, nullptr),
                       BN_bin2bn(raw(signature.last(32)), 32, nullptr)) == 1);
  std::array<unsigned char, 80> der;
  unsigned char* end = der.data();
  const int size = i2d_ECDSA_SIG(parts.get(), &end);

  char group[] = "prime256v1";
  const std::array params = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
                                        const_cast<std::byte*>(point.data()), point.size()),
      OSSL_PARAM_construct_end()};
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> making(
      EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr), EVP_PKEY_CTX_free);
  EVP_PKEY* made = nullptr;
  CHECK(EVP_PKEY_fromdata_init(making.get()) == 1);
  CHECK(EVP_PKEY_fromdata(making.get(), &made, EVP_PKEY_PUBLIC_KEY,
                          const_cast<OSSL_PARAM*>(params.data())) == 1);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(made, EVP_PKEY_free);

  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  CHECK(EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1);
  return EVP_DigestVerify(context.get(), der.data(), static_cast<std::size_t>(size),
                          raw(std::as_bytes(std::span(message))), message.size()) == 1;
}

}  // namespace berth::testing
