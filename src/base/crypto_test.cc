// Hashes, encodings, secrets, random bytes: against published vectors, and their refusals.
#include <gtest/gtest.h>

#include <concepts>
#include <string>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/random.h"
#include "base/secret.h"

namespace berth {
namespace {

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

TEST(HashTest, Sha256MatchesThePublishedVectors) {
  EXPECT_EQ(HexEncode(Sha256("")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(HexEncode(Sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(HashTest, HmacMatchesRfc4231) {
  EXPECT_EQ(HexEncode(HmacSha256(Bytes("Jefe"), Bytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(HashTest, ComparesWholeContentsAndSizes) {
  EXPECT_TRUE(EqualsInConstantTime(Bytes("same"), Bytes("same")));
  EXPECT_TRUE(EqualsInConstantTime({}, {}));
  EXPECT_FALSE(EqualsInConstantTime(Bytes("same"), Bytes("sama")));
  EXPECT_FALSE(EqualsInConstantTime(Bytes("same"), Bytes("same ")));
}

TEST(EncodingTest, HexRoundTripsAndRefusesOtherSpellings) {
  EXPECT_EQ(HexEncode(Bytes("\x01\xfe")), "01fe");
  ASSERT_TRUE(HexDecode("01fe"));
  EXPECT_EQ(HexEncode(*HexDecode("01fe")), "01fe");
  EXPECT_TRUE(HexDecode("")->empty());
  for (const char* bad : {"0", "0g", "01FE", "0x01", " 01", "01\n"}) {
    EXPECT_FALSE(HexDecode(bad)) << bad;
  }
}

TEST(EncodingTest, Base64UrlMatchesRfc4648) {
  EXPECT_EQ(Base64UrlEncode(Bytes("")), "");
  EXPECT_EQ(Base64UrlEncode(Bytes("f")), "Zg");
  EXPECT_EQ(Base64UrlEncode(Bytes("fo")), "Zm8");
  EXPECT_EQ(Base64UrlEncode(Bytes("foobar")), "Zm9vYmFy");
  EXPECT_EQ(Base64UrlEncode(Bytes("\xfb\xff")), "-_8");
}

TEST(EncodingTest, Base64UrlRoundTripsEveryLength) {
  std::string text;
  for (int size = 0; size < 70; ++size) {
    const auto decoded = Base64UrlDecode(Base64UrlEncode(Bytes(text)));
    ASSERT_TRUE(decoded);
    EXPECT_TRUE(EqualsInConstantTime(*decoded, Bytes(text)));
    text.push_back(static_cast<char>(size * 37));
  }
}

TEST(EncodingTest, Base64IsPadded) {
  EXPECT_EQ(Base64Encode(Bytes("")), "");
  EXPECT_EQ(Base64Encode(Bytes("f")), "Zg==");
  EXPECT_EQ(Base64Encode(Bytes("fo")), "Zm8=");
  EXPECT_EQ(Base64Encode(Bytes("\xfb\xff")), "+/8=");
  for (const std::string_view bad :
       {"Zg", "Zg=", "Zg===", "Zh==", "=Zg=", "Z===", "-_8=", "Zg=a"}) {
    EXPECT_FALSE(Base64Decode(bad)) << bad;
  }
  EXPECT_EQ(Base64Decode("Zm8=")->size(), 2U);
}

TEST(EncodingTest, Base64UrlRefusesWhatItWouldNotWrite) {
  for (const char* bad : {"A", "AAAAA", "Zg==", "Zh", "Zm9", "+/8", "Zm 9v", "Zm9v\n"}) {
    EXPECT_FALSE(Base64UrlDecode(bad)) << bad;
  }
}

TEST(EncodingTest, EscapesAreDecodedUnlessTheyAreBroken) {
  EXPECT_EQ(PercentDecode("%41b%2fc%2F+"), "Ab/c/+");
  EXPECT_EQ(PercentDecode("%4%G0%0"), "%4%G0%0");
  EXPECT_EQ(PercentDecode("%%41%"), "%A%");
  EXPECT_EQ(PercentDecode(""), "");
}

TEST(SecretTest, MovesLeaveNothingBehind) {
  Secret first("hush");
  Secret second = std::move(first);
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(second.Reveal(), "hush");
  EXPECT_EQ(second.Copy().Reveal(), "hush");
}

template <class T>
concept Streamable = requires(std::ostream& out, const T& value) { out << value; };
template <class T>
concept Comparable = requires(const T& a, const T& b) { a == b; };

TEST(SecretTest, CannotBePrintedComparedOrCopied) {
  EXPECT_FALSE(Streamable<Secret>);
  EXPECT_FALSE(Comparable<Secret>);
  EXPECT_FALSE(std::copy_constructible<Secret>);
  EXPECT_FALSE(fmt::is_formattable<Secret>::value);
}

TEST(RandomTest, TheSystemsSourceDoesNotRepeat) {
  const RandomSource random = SystemRandom();
  const auto first = RandomBytes<32>(random);
  const auto second = RandomBytes<32>(random);
  EXPECT_NE(first, second);
}

}  // namespace
}  // namespace berth
