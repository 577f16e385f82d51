#include "base/p256.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>

#include "base/as_unsigned.h"
#include "base/check.h"

namespace berth {
namespace {

constexpr std::size_t kScalar = 32;

template <class T, void (*Free)(T*)>
struct Freed {
  void operator()(T* object) const { Free(object); }
};
using Number = std::unique_ptr<BIGNUM, Freed<BIGNUM, BN_clear_free>>;
using Group = std::unique_ptr<EC_GROUP, Freed<EC_GROUP, EC_GROUP_free>>;
using Point = std::unique_ptr<EC_POINT, Freed<EC_POINT, EC_POINT_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM, OSSL_PARAM_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX, EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX, EVP_MD_CTX_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG, ECDSA_SIG_free>>;

/// A key of OpenSSL's; null if the point is none of the curve. `secret` may be null: public only.
std::shared_ptr<EVP_PKEY> MakeKey(std::span<const std::byte> point, const BIGNUM* secret) {
  const Builder builder(OSSL_PARAM_BLD_new());
  CHECK(builder != nullptr);
  CHECK(OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) ==
        1);
  CHECK(OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                         point.size()) == 1);
  if (secret != nullptr) {
    CHECK(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, secret) == 1);
  }
  const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  CHECK(params != nullptr && context != nullptr);
  EVP_PKEY* key = nullptr;
  const int what = secret == nullptr ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR;
  const bool is_made = EVP_PKEY_fromdata_init(context.get()) == 1 &&
                       EVP_PKEY_fromdata(context.get(), &key, what, params.get()) == 1;
  std::shared_ptr<EVP_PKEY> made(key, &EVP_PKEY_free);
  if (!is_made) {
    ERR_clear_error();
    return nullptr;
  }
  return made;
}

/// The key of a peer; null unless it is an uncompressed point of the curve.
std::shared_ptr<EVP_PKEY> PeerKey(std::span<const std::byte> point) {
  if (point.size() != std::tuple_size_v<P256Point> || point[0] != std::byte{4}) return nullptr;
  auto key = MakeKey(point, nullptr);
  if (!key) return nullptr;
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  CHECK(context != nullptr);
  if (EVP_PKEY_public_check(context.get()) == 1) return key;
  ERR_clear_error();
  return nullptr;
}

}  // namespace

P256PrivateKey P256PrivateKey::Generate(const RandomSource& random) {
  for (;;) {
    auto raw = RandomBytes<kScalar>(random);
    auto key = From(raw);
    OPENSSL_cleanse(raw.data(), raw.size());
    if (key) return *std::move(key);  // All but one in 2^32 numbers are keys.
  }
}

Result<P256PrivateKey> P256PrivateKey::From(std::span<const std::byte> raw) {
  if (raw.size() != kScalar) return Invalid("a P-256 key has 32 bytes");
  const Group group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  const Number secret(BN_bin2bn(AsUnsigned(raw.data()), kScalar, nullptr));
  CHECK(group != nullptr && secret != nullptr);
  BN_set_flags(secret.get(), BN_FLG_CONSTTIME);
  if (BN_is_zero(secret.get()) || BN_cmp(secret.get(), EC_GROUP_get0_order(group.get())) >= 0) {
    return Invalid("not a P-256 key");
  }
  const Point point(EC_POINT_new(group.get()));
  CHECK(point != nullptr);
  CHECK(EC_POINT_mul(group.get(), point.get(), secret.get(), nullptr, nullptr, nullptr) == 1);
  P256Point bytes;
  CHECK(EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED,
                           AsUnsigned(bytes.data()), bytes.size(), nullptr) == bytes.size());
  auto key = MakeKey(bytes, secret.get());
  CHECK(key != nullptr);
  const std::string_view text(reinterpret_cast<const char*>(raw.data()), raw.size());
  return P256PrivateKey(std::make_shared<const Secret>(text), bytes, std::move(key));
}

Result<std::array<std::byte, 32>> P256PrivateKey::Agree(std::span<const std::byte> other) const {
  const auto peer = PeerKey(other);
  if (!peer) return Invalid("not a point of P-256");
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr));
  CHECK(context != nullptr);
  std::array<std::byte, 32> shared;
  std::size_t size = shared.size();
  const bool is_done = EVP_PKEY_derive_init(context.get()) == 1 &&
                       EVP_PKEY_derive_set_peer(context.get(), peer.get()) == 1 &&
                       EVP_PKEY_derive(context.get(), AsUnsigned(shared.data()), &size) == 1;
  if (!is_done || size != shared.size()) {
    ERR_clear_error();
    return Invalid("no secret to agree on");
  }
  return shared;
}

std::array<std::byte, 64> P256PrivateKey::Sign(std::string_view message) const {
  const DigestContext context(EVP_MD_CTX_new());
  CHECK(context != nullptr);
  CHECK(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1);
  std::array<unsigned char, 80> der;
  std::size_t size = der.size();
  CHECK(EVP_DigestSign(context.get(), der.data(), &size, AsUnsigned(message.data()),
                       message.size()) == 1);
  const unsigned char* at = der.data();
  const Signature parts(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)));
  CHECK(parts != nullptr);
  std::array<std::byte, 64> signature;
  CHECK(BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), AsUnsigned(signature.data()), kScalar) ==
        kScalar);
  CHECK(BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), AsUnsigned(signature.data() + kScalar),
                     kScalar) == kScalar);
  return signature;
}

}  // namespace berth
