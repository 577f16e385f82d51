#include "http/h2_flood_guard.h"

#include <gtest/gtest.h>

#include "base/result_testing.h"
#include "http/h2_testing.h"

namespace berth::http {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;
using namespace testing;  // NOLINT: frames.

constexpr std::uint8_t kContinuationFrame = 9;

class H2FloodGuardTest : public ::testing::Test {
 protected:
  Result<void> Inspect(const std::string& frame) {
    return guard_.Inspect(std::as_bytes(std::span(frame)), TimePoint());
  }

  H2FloodGuard guard_{
      {.expects_preface = false, .scale = 1, .head_bytes = 1'000, .decoded_bytes = 2'000}};
};

// nghttp2 has bounds of its own here, but not in every release of it.
TEST_F(H2FloodGuardTest, AHeadHasSoManyFrames) {
  ASSERT_THAT(Inspect(Frame(kHeaders, 0, 1, "")), IsOk());
  for (int i = 1; i < 16; ++i) EXPECT_THAT(Inspect(Frame(kContinuationFrame, 0, 1, "")), IsOk());
  EXPECT_THAT(Inspect(Frame(kContinuationFrame, 0, 1, "")), FailsWith(ErrorKind::kTooLarge));
}

TEST_F(H2FloodGuardTest, AHeadHasSoManyBytes) {
  for (int i = 0; i < 3; ++i) {  // Each by itself.
    EXPECT_THAT(Inspect(Frame(kHeaders, 0, 1, std::string(600, 'h'))), IsOk());
    EXPECT_THAT(Inspect(Frame(kContinuationFrame, 0, 1, std::string(400, 'h'))), IsOk());
  }
  EXPECT_THAT(Inspect(Frame(kContinuationFrame, 0, 1, "h")), FailsWith(ErrorKind::kTooLarge));
}

TEST_F(H2FloodGuardTest, AHeadHasSoManyDecodedBytes) {
  for (int i = 0; i < 3; ++i) {  // Each by itself.
    guard_.BeginHead();
    EXPECT_TRUE(guard_.SpendField(1'500));
    EXPECT_TRUE(guard_.SpendField(500));
  }
  EXPECT_FALSE(guard_.SpendField(1));
}

TEST_F(H2FloodGuardTest, ALargeUselessHeadCostsMoreThanASmallOne) {
  const auto count = [](std::size_t bytes) {
    H2FloodGuard guard(
        {.expects_preface = false, .scale = 1, .head_bytes = 0, .decoded_bytes = 100'000});
    int heads = 0;
    do {
      guard.BeginHead();
      (void)guard.SpendField(bytes);
    } while (guard.SpendUselessHead(TimePoint()) && ++heads < 2'000);
    return heads;
  };
  EXPECT_EQ(count(500), 1'000);
  EXPECT_EQ(count(100 * 1024), 10);
}

}  // namespace
}  // namespace berth::http
