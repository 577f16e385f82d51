#include "base/p256.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/result_testing.h"

namespace berth {
namespace {

using ::berth::testing::FailsWith;
using ::berth::testing::IsOk;

std::span<const std::byte> BytesOf(std::string_view text) { return std::as_bytes(std::span(text)); }

TEST(P256Test, AKeyComesBackFromItsBytes) {
  const auto key = P256PrivateKey::Generate(SystemRandom());
  const Secret raw = key.Raw();
  const auto again = P256PrivateKey::From(BytesOf(raw.Reveal()));
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->public_point(), key.public_point());
  EXPECT_THAT(P256PrivateKey::From(std::vector<std::byte>(32)), FailsWith(ErrorKind::kInvalid));
  EXPECT_THAT(P256PrivateKey::From(std::vector<std::byte>(32, std::byte{0xff})),
              FailsWith(ErrorKind::kInvalid));
  EXPECT_THAT(P256PrivateKey::From(std::vector<std::byte>(31)), FailsWith(ErrorKind::kInvalid));
}

TEST(P256Test, BothSidesAgree) {
  const auto one = P256PrivateKey::Generate(SystemRandom());
  const auto two = P256PrivateKey::Generate(SystemRandom());
  EXPECT_EQ(one.Agree(two.public_point()).value(), two.Agree(one.public_point()).value());
  P256Point infinity{};
  EXPECT_THAT(one.Agree(infinity), FailsWith(ErrorKind::kInvalid));
}

}  // namespace
}  // namespace berth
