#include "hub/web_push.h"

#include <gmock/gmock.h>
#include <openssl/evp.h>

#include <boost/json.hpp>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/p256_testing.h"
#include "base/result_testing.h"

namespace berth::hub {
namespace {

using ::berth::testing::FailsWith;
using ::berth::testing::IsOk;
using ::berth::testing::VerifyP256;

std::vector<std::byte> Decode(std::string_view text) { return Base64UrlDecode(text).value(); }

std::span<const std::byte> BytesOf(std::string_view text) { return std::as_bytes(std::span(text)); }

/// The example of RFC 8291, section 5 and appendix A.
struct Example {
  std::string_view text = "When I grow up, I want to be a watermelon";
  P256PrivateKey sender =
      P256PrivateKey::From(Decode("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")).value();
  P256PrivateKey browser =
      P256PrivateKey::From(Decode("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")).value();
  std::string_view p256dh =
      "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
  std::string_view auth = "BTBZMqHH6r4Tts7J_aSIgg";
  std::array<std::byte, 16> salt = [] {
    std::array<std::byte, 16> bytes;
    std::ranges::copy(Decode("DGv6ra1nlYgDCS1FRnbzlw"), bytes.begin());
    return bytes;
  }();
};

/// What the browser does, told apart from EncryptPush: RFC 8291, section 3.4, read backwards.
std::string Decrypt(const P256PrivateKey& browser, std::span<const std::byte> auth,
                    std::string_view body) {
  const auto bytes = BytesOf(body);
  const auto salt = bytes.first(16);
  const auto sender = bytes.subspan(21, 65);
  const auto sealed = bytes.subspan(86);
  const auto expand = [](std::span<const std::byte> salt, std::span<const std::byte> secret,
                         std::string info) {
    const auto key = HmacSha256(salt, secret);
    info += '\x01';
    return HmacSha256(key, BytesOf(info));
  };
  std::string info("WebPush: info\0", 14);
  info.append(reinterpret_cast<const char*>(browser.public_point().data()), 65);
  info.append(reinterpret_cast<const char*>(sender.data()), 65);
  const auto secret = expand(auth, browser.Agree(sender).value(), info);
  const auto key = expand(salt, secret, std::string("Content-Encoding: aes128gcm\0", 28));
  const auto nonce = expand(salt, secret, std::string("Content-Encoding: nonce\0", 24));
  std::string text(sealed.size() - 16, '\0');
  auto tag = std::vector<std::byte>(sealed.end() - 16, sealed.end());
  EVP_CIPHER_CTX* cipher = EVP_CIPHER_CTX_new();
  int size = 0;
  auto* out = reinterpret_cast<unsigned char*>(text.data());
  EVP_DecryptInit_ex(cipher, EVP_aes_128_gcm(), nullptr,
                     reinterpret_cast<const unsigned char*>(key.data()),
                     reinterpret_cast<const unsigned char*>(nonce.data()));
  EVP_DecryptUpdate(cipher, out, &size, reinterpret_cast<const unsigned char*>(sealed.data()),
                    static_cast<int>(text.size()));
  EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, 16, tag.data());
  const bool is_good = EVP_DecryptFinal_ex(cipher, out + size, &size) == 1;
  EVP_CIPHER_CTX_free(cipher);
  if (!is_good) return "damaged";
  EXPECT_EQ(text.back(), '\x02');
  text.pop_back();
  return text;
}

TEST(WebPushTest, EncryptsAsInTheExampleOfRfc8291) {
  const Example example;
  EXPECT_EQ(
      Base64UrlEncode(example.sender.public_point()),
      "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8");
  EXPECT_EQ(Base64UrlEncode(example.browser.public_point()), example.p256dh);
  const auto keys = PushKeys::From(example.p256dh, example.auth);
  ASSERT_THAT(keys, IsOk());
  const auto body = EncryptPush(*keys, example.text, example.sender, example.salt);
  ASSERT_THAT(body, IsOk());
  EXPECT_EQ(
      Base64UrlEncode(BytesOf(*body)),
      "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmY"
      "WAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexS"
      "gSxsj_Qulcy4a-fN");
}

TEST(WebPushTest, TheBrowserReadsWhatWasWritten) {
  const auto random = SystemRandom();
  const auto browser = P256PrivateKey::Generate(random);
  PushKeys keys;
  keys.p256dh = browser.public_point();
  keys.auth = RandomBytes<16>(random);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kMaxPushText}) {
    const std::string text(size, 'x');
    const auto body =
        EncryptPush(keys, text, P256PrivateKey::Generate(random), RandomBytes<16>(random));
    ASSERT_THAT(body, IsOk());
    EXPECT_LE(body->size(), 4096U);
    EXPECT_EQ(Decrypt(browser, keys.auth, *body), text);
    std::string damaged = *body;
    damaged.back() ^= 1;
    EXPECT_EQ(Decrypt(browser, keys.auth, damaged), "damaged");
  }
  const std::string long_text(kMaxPushText + 1, 'x');
  EXPECT_THAT(
      EncryptPush(keys, long_text, P256PrivateKey::Generate(random), RandomBytes<16>(random)),
      FailsWith(ErrorKind::kTooLarge));
}

TEST(WebPushTest, RefusesWhatIsNoSubscription) {
  const Example example;
  EXPECT_THAT(PushKeys::From("", example.auth), FailsWith(ErrorKind::kInvalid));
  EXPECT_THAT(PushKeys::From(example.p256dh, "AAAA"), FailsWith(ErrorKind::kInvalid));
  auto keys = PushKeys::From(example.p256dh, example.auth);
  ASSERT_THAT(keys, IsOk());
  keys->p256dh.back() ^= std::byte{1};
  EXPECT_THAT(EncryptPush(*keys, "x", example.sender, example.salt),
              FailsWith(ErrorKind::kInvalid));
}

TEST(WebPushTest, VapidSaysWhoSendsToWhomAndIsSigned) {
  const Example example;
  const std::string text = VapidAuthorization(example.sender, "https://push.example",
                                              "https://hub.example", FromUnixMs(1'000'000));
  const std::size_t key = text.find(", k=");
  ASSERT_TRUE(text.starts_with("vapid t="));
  ASSERT_NE(key, std::string::npos);
  EXPECT_EQ(Decode(text.substr(key + 4)), std::vector(example.sender.public_point().begin(),
                                                      example.sender.public_point().end()));
  const std::string token = text.substr(8, key - 8);
  const std::size_t last = token.rfind('.');
  EXPECT_TRUE(VerifyP256(example.sender.public_point(), token.substr(0, last),
                         Decode(token.substr(last + 1))));
  EXPECT_FALSE(VerifyP256(example.sender.public_point(), token.substr(0, last) + "x",
                          Decode(token.substr(last + 1))));
  EXPECT_FALSE(VerifyP256(example.browser.public_point(), token.substr(0, last),
                          Decode(token.substr(last + 1))));
  const auto claims = Decode(token.substr(token.find('.') + 1, last - token.find('.') - 1));
  const auto read = boost::json::parse(
      std::string_view(reinterpret_cast<const char*>(claims.data()), claims.size()));
  EXPECT_EQ(read.at("aud"), "https://push.example");
  EXPECT_EQ(read.at("sub"), "https://hub.example");
  EXPECT_EQ(read.at("exp"), 1'000 + 12 * 3600);
}

}  // namespace
}  // namespace berth::hub
