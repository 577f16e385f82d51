// The two spellings of a credential, and everything that is neither.
#include "identity/credential.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/encoding.h"

namespace berth::identity {
namespace {

RandomSource Counting() {
  return [](std::span<std::byte> into) {
    for (std::size_t i = 0; i < into.size(); ++i) into[i] = static_cast<std::byte>(i);
  };
}

TEST(CredentialTest, CompactHasItsLiteralForm) {
  const auto issued = IssueCompact(Counting());
  EXPECT_EQ(issued.text.Reveal(), "0001020304050607.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
  EXPECT_EQ(issued.id, "0001020304050607");
}

TEST(CredentialTest, TokensHaveTheLiteralFormOfTheWire) {
  const auto issued = IssueAgentToken(Counting());
  EXPECT_EQ(issued.text.Reveal(),
            "ao_0001020304050607_"
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
  EXPECT_EQ(HexEncode(issued.secret_hash),
            "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd");
}

template <class Issue, class Parse>
void ExpectStrict(Issue issue, Parse parse) {
  const auto issued = issue(SystemRandom());
  const std::string good(issued.text.Reveal());
  const auto presented = parse(good);
  ASSERT_TRUE(presented);
  EXPECT_EQ(presented->id, issued.id);
  EXPECT_EQ(presented->secret_hash, issued.secret_hash);
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(parse(std::string_view(good).substr(0, size))) << size;
  }
  EXPECT_FALSE(parse(good + "0"));
  EXPECT_FALSE(parse(" " + good));
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char c : {'\0', ' ', ';', '%', '\xff'}) {
      std::string bad = good;
      bad[i] = c;
      EXPECT_FALSE(parse(bad)) << i;
    }
  }
}

TEST(CredentialTest, CompactParsesStrictly) { ExpectStrict(IssueCompact, ParseCompact); }
TEST(CredentialTest, TokensParseStrictly) {
  ExpectStrict(IssueAgentToken, ParseAgentToken);
  ExpectStrict(IssueApiToken, ParseApiToken);
}

TEST(CredentialTest, UpperCaseIsAnotherSpellingAndRefused) {
  std::string token(IssueAgentToken(Counting()).text.Reveal());
  std::ranges::transform(token, token.begin(), [](unsigned char c) { return std::toupper(c); });
  token.replace(0, 3, "ao_");
  EXPECT_FALSE(ParseAgentToken(token));
}

}  // namespace
}  // namespace berth::identity
