#include "identity/jwks.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <boost/json/value.hpp>

#include "base/as_unsigned.h"
#include "base/encoding.h"
#include "base/json.h"

namespace berth::identity {
namespace {

constexpr std::size_t kMaxKeys = 100;
constexpr std::size_t kEs256Half = 32;
constexpr std::size_t kMaxRsaBytes = 1024;  // 8192 bits.

template <class T, void (*Free)(T*)>
struct Deleter {
  void operator()(T* object) const { Free(object); }
};
using BigNumber = std::unique_ptr<BIGNUM, Deleter<BIGNUM, BN_free>>;
using ParameterBuilder =
    std::unique_ptr<OSSL_PARAM_BLD, Deleter<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Deleter<OSSL_PARAM, OSSL_PARAM_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX, EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX, EVP_MD_CTX_free>>;
using Key = std::shared_ptr<EVP_PKEY>;

std::vector<std::byte> Bytes(const boost::json::object& key, std::string_view name) {
  return Base64UrlDecode(StringMember(key, name)).value_or(std::vector<std::byte>());
}

Key FromParameters(const char* type, OSSL_PARAM_BLD* builder) {
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    return nullptr;
  }
  return Key(key, EVP_PKEY_free);
}

Key RsaKey(const boost::json::object& key) {
  const auto modulus = Bytes(key, "n");
  const auto exponent = Bytes(key, "e");
  if (modulus.size() > kMaxRsaBytes || exponent.empty() || exponent.size() > 4) return nullptr;
  const BigNumber n(
      BN_bin2bn(AsUnsigned(modulus.data()), static_cast<int>(modulus.size()), nullptr));
  const BigNumber e(
      BN_bin2bn(AsUnsigned(exponent.data()), static_cast<int>(exponent.size()), nullptr));
  if (!n || !e || BN_num_bits(n.get()) < 2048 || !BN_is_odd(e.get()) || BN_is_one(e.get())) {
    return nullptr;
  }
  const ParameterBuilder builder(OSSL_PARAM_BLD_new());
  if (!builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return nullptr;
  }
  return FromParameters("RSA", builder.get());
}

Key EllipticKey(const boost::json::object& key) {
  if (StringMember(key, "crv") != "P-256") return nullptr;
  const auto x = Bytes(key, "x");
  const auto y = Bytes(key, "y");
  if (x.size() != kEs256Half || y.size() != kEs256Half) return nullptr;
  std::vector<std::byte> point = {std::byte{4}};  // Uncompressed.
  point.insert(point.end(), x.begin(), x.end());
  point.insert(point.end(), y.begin(), y.end());
  const ParameterBuilder builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) != 1) {
    return nullptr;
  }
  return FromParameters("EC", builder.get());
}

Key EdwardsKey(const boost::json::object& key) {
  if (StringMember(key, "crv") != "Ed25519") return nullptr;
  const auto x = Bytes(key, "x");
  if (x.size() != 32) return nullptr;
  return Key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, AsUnsigned(x.data()), x.size()),
             EVP_PKEY_free);
}

std::optional<PublicKey> ReadKey(const boost::json::object& object) {
  const std::string_view use = StringMember(object, "use");
  if (!use.empty() && use != "sig") return std::nullopt;
  const std::string_view type = StringMember(object, "kty");
  SignatureKind kind{};
  Key key;
  if (type == "RSA") {
    kind = SignatureKind::kRs256;
    key = RsaKey(object);
  } else if (type == "EC") {
    kind = SignatureKind::kEs256;
    key = EllipticKey(object);
  } else if (type == "OKP") {
    kind = SignatureKind::kEdDsa;
    key = EdwardsKey(object);
  }
  if (!key) return std::nullopt;
  const std::string_view algorithm = StringMember(object, "alg");
  if (!algorithm.empty() && ParseSignatureKind(algorithm) != kind) return std::nullopt;
  return PublicKey(std::string(StringMember(object, "kid")), kind, std::move(key));
}

/// The two halves of an ES256 signature as OpenSSL wants them; "" if there are none.
std::string ToDer(std::string_view signature) {
  if (signature.size() != 2 * kEs256Half) return {};
  ECDSA_SIG* const pair = ECDSA_SIG_new();
  BIGNUM* const r = BN_bin2bn(AsUnsigned(signature.data()), kEs256Half, nullptr);
  BIGNUM* const s = BN_bin2bn(AsUnsigned(signature.data() + kEs256Half), kEs256Half, nullptr);
  std::string der;
  if (pair != nullptr && r != nullptr && s != nullptr && ECDSA_SIG_set0(pair, r, s) == 1) {
    unsigned char* bytes = nullptr;
    const int size = i2d_ECDSA_SIG(pair, &bytes);
    if (size > 0) der.assign(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
  } else {
    BN_free(r);
    BN_free(s);
  }
  ECDSA_SIG_free(pair);
  return der;
}

}  // namespace

std::optional<SignatureKind> ParseSignatureKind(std::string_view name) {
  if (name == "RS256") return SignatureKind::kRs256;
  if (name == "ES256") return SignatureKind::kEs256;
  if (name == "EdDSA" || name == "Ed25519") return SignatureKind::kEdDsa;
  return std::nullopt;
}

bool PublicKey::Verify(std::string_view text, std::string_view signature) const {
  std::string der;
  if (kind_ == SignatureKind::kEs256) {
    der = ToDer(signature);
    if (der.empty()) return false;
    signature = der;
  }
  const DigestContext context(EVP_MD_CTX_new());
  const EVP_MD* const digest = kind_ == SignatureKind::kEdDsa ? nullptr : EVP_sha256();
  if (!context || EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key_.get()) != 1) {
    return false;
  }
  return EVP_DigestVerify(context.get(), AsUnsigned(signature.data()), signature.size(),
                          AsUnsigned(text.data()), text.size()) == 1;
}

Result<Jwks> Jwks::Parse(std::string_view text) {
  auto object = ParseJsonObject(text);
  if (!object) return Wrap(std::move(object).error(), "key set");
  const auto* keys = ArrayMember(*object, "keys");
  if (keys == nullptr) return Invalid("key set: no \"keys\"");
  Jwks set;
  for (const auto& entry : *keys) {
    if (set.keys_.size() == kMaxKeys) break;
    if (!entry.is_object()) continue;
    if (auto key = ReadKey(entry.get_object())) set.keys_.push_back(std::move(*key));
  }
  return set;
}

const PublicKey* Jwks::Find(std::string_view id, SignatureKind kind) const {
  const PublicKey* found = nullptr;
  for (const PublicKey& key : keys_) {
    if (key.kind() != kind || (!id.empty() && key.id() != id)) continue;
    if (found != nullptr) return nullptr;  // Which one is not said.
    found = &key;
  }
  return found;
}

}  // namespace berth::identity
