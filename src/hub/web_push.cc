#include "hub/web_push.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <memory>
#include <vector>

#include "base/as_unsigned.h"
#include "base/check.h"
#include "base/encoding.h"
#include "base/hash.h"

namespace berth::hub {
namespace {

constexpr std::size_t kRecordSize = 4096;
constexpr std::size_t kTag = 16;
/// Ends the text of the last record.
constexpr std::byte kLastRecord{2};

using Bytes = std::vector<std::byte>;
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

void Append(Bytes& bytes, std::span<const std::byte> more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}
void Append(Bytes& bytes, std::string_view text) { Append(bytes, std::as_bytes(std::span(text))); }

/// HKDF-SHA-256 (RFC 5869) for at most 32 bytes: extract, and one round of expand.
Sha256Digest Hkdf(std::span<const std::byte> salt, std::span<const std::byte> secret, Bytes info) {
  const Sha256Digest key = HmacSha256(salt, secret);
  info.push_back(std::byte{1});
  return HmacSha256(key, info);
}

/// The name of a key of RFC 8188, with the zero at its end.
Bytes Named(std::string_view name) {
  Bytes info;
  Append(info, name);
  info.push_back(std::byte{0});
  return info;
}

/// `text` encrypted, then the tag.
Bytes EncryptAes128Gcm(std::span<const std::byte, 16> key, std::span<const std::byte, 12> nonce,
                       std::span<const std::byte> text) {
  Bytes sealed(text.size() + kTag);
  const Cipher cipher(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int size = 0;
  const bool is_done =
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_128_gcm(), nullptr, AsUnsigned(key.data()),
                         AsUnsigned(nonce.data())) == 1 &&
      EVP_EncryptUpdate(cipher.get(), AsUnsigned(sealed.data()), &size, AsUnsigned(text.data()),
                        static_cast<int>(text.size())) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), AsUnsigned(sealed.data() + text.size()), &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTag, sealed.data() + text.size()) ==
          1;
  CHECK(is_done);
  return sealed;
}

std::string JsonPart(const boost::json::object& object) {
  const std::string text = boost::json::serialize(object);
  return Base64UrlEncode(std::as_bytes(std::span(text)));
}

}  // namespace

Result<PushKeys> PushKeys::From(std::string_view p256dh, std::string_view auth) {
  // Browsers write base64url without padding; some libraries add it.
  const auto bare = [](std::string_view text) {
    while (text.ends_with('=')) text.remove_suffix(1);
    return text;
  };
  const auto point = Base64UrlDecode(bare(p256dh));
  const auto secret = Base64UrlDecode(bare(auth));
  PushKeys keys;
  if (!point || point->size() != keys.p256dh.size() || (*point)[0] != std::byte{4}) {
    return Invalid("p256dh is no key of a push subscription");
  }
  if (!secret || secret->size() != keys.auth.size()) {
    return Invalid("auth is no secret of a push subscription");
  }
  std::ranges::copy(*point, keys.p256dh.begin());
  std::ranges::copy(*secret, keys.auth.begin());
  return keys;
}

Result<std::string> EncryptPush(const PushKeys& keys, std::string_view text,
                                const P256PrivateKey& sender, std::array<std::byte, 16> salt) {
  if (text.size() > kMaxPushText) return TooLarge("text of a push message");
  auto shared = sender.Agree(keys.p256dh);
  if (!shared) return std::move(shared).error();
  Bytes key_info = Named("WebPush: info");
  Append(key_info, keys.p256dh);
  Append(key_info, sender.public_point());
  const Sha256Digest secret = Hkdf(keys.auth, *shared, std::move(key_info));
  const Sha256Digest key = Hkdf(salt, secret, Named("Content-Encoding: aes128gcm"));
  const Sha256Digest nonce = Hkdf(salt, secret, Named("Content-Encoding: nonce"));

  Bytes record;
  Append(record, text);
  record.push_back(kLastRecord);
  const Bytes sealed =
      EncryptAes128Gcm(std::span(key).first<16>(), std::span(nonce).first<12>(), record);

  // salt (16) | record size (4) | length of the key's name (1) | its name: the sender's point
  Bytes body;
  Append(body, salt);
  for (const int shift : {24, 16, 8, 0}) body.push_back(std::byte(kRecordSize >> shift & 0xff));
  body.push_back(std::byte(sender.public_point().size()));
  Append(body, sender.public_point());
  Append(body, sealed);
  return std::string(reinterpret_cast<const char*>(body.data()), body.size());
}

std::string VapidAuthorization(const P256PrivateKey& key, std::string_view origin,
                               std::string_view subject, WallTime now) {
  const auto expires =
      std::chrono::duration_cast<std::chrono::seconds>((now + kVapidLifetime).time_since_epoch());
  const std::string signed_part =
      fmt::format("{}.{}", JsonPart({{"typ", "JWT"}, {"alg", "ES256"}}),
                  JsonPart({{"aud", origin}, {"exp", expires.count()}, {"sub", subject}}));
  return fmt::format("vapid t={}.{}, k={}", signed_part, Base64UrlEncode(key.Sign(signed_part)),
                     Base64UrlEncode(key.public_point()));
}

}  // namespace berth::hub
