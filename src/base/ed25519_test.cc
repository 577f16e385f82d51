#include "base/ed25519.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/result_testing.h"

namespace berth {
namespace {

using berth::testing::FailsWith;

std::string FromHex(std::string_view hex) {
  const auto bytes = HexDecode(hex).value();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// RFC 8032, section 7.1, test 2.
const std::string kSeed =
    FromHex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
constexpr std::string_view kPublic =
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
constexpr std::string_view kSignature =
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

TEST(Ed25519Test, MatchesRfc8032) {
  const auto key = Ed25519PrivateKey::From(kSeed).value();
  EXPECT_EQ(HexEncode(key.public_key().raw()), kPublic);
  EXPECT_EQ(HexEncode(key.Sign("\x72")), kSignature);
  EXPECT_TRUE(key.public_key().Verify("\x72", HexDecode(kSignature).value()));
  EXPECT_EQ(key.Raw().Reveal(), kSeed);
}

TEST(Ed25519Test, RefusesEveryChangedBit) {
  const auto key = Ed25519PrivateKey::Generate(SystemRandom());
  const std::string message = "who, where, until when";
  const Ed25519Signature signature = key.Sign(message);
  ASSERT_TRUE(key.public_key().Verify(message, signature));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    Ed25519Signature changed = signature;
    changed[i] ^= std::byte{1};
    EXPECT_FALSE(key.public_key().Verify(message, changed)) << i;
    EXPECT_FALSE(key.public_key().Verify(message, std::span(signature).first(i))) << i;
  }
  for (std::size_t i = 0; i < message.size(); ++i) {
    std::string changed = message;
    changed[i] ^= 1;
    EXPECT_FALSE(key.public_key().Verify(changed, signature)) << i;
  }
  EXPECT_FALSE(key.public_key().Verify("", signature));
  EXPECT_FALSE(Ed25519PrivateKey::Generate(SystemRandom()).public_key().Verify(message, signature));
  EXPECT_FALSE(Ed25519PublicKey().Verify(message, signature));
}

TEST(Ed25519Test, HasOneSpelling) {
  const auto key = Ed25519PrivateKey::From(kSeed).value().public_key();
  EXPECT_EQ(key.Text(), "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw");
  EXPECT_EQ(key.Id(), "39f713d0a644253f");
  EXPECT_EQ(Ed25519PublicKey::FromText(key.Text()).value(), key);
  EXPECT_THAT(Ed25519PublicKey::FromText(key.Text() + "="), FailsWith(ErrorKind::kInvalid));
  EXPECT_THAT(Ed25519PublicKey::FromText(key.Text().substr(1)), FailsWith(ErrorKind::kInvalid));
  EXPECT_THAT(Ed25519PublicKey::FromText(""), FailsWith(ErrorKind::kInvalid));
  EXPECT_THAT(Ed25519PrivateKey::From("short"), FailsWith(ErrorKind::kInvalid));
}

}  // namespace
}  // namespace berth
