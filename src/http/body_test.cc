#include "http/body.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/executor_testing.h"

namespace berth::http {
namespace {

using berth::testing::TestExecutor;

TEST(SharedBody, IsCopiedPieceByPieceSoThatReadersMayChangeIt) {
  TestExecutor executor;
  const std::string bytes = "bytes of all";
  SharedBody body(bytes, 5);
  EXPECT_EQ(body.length(), bytes.size());
  for (std::string_view expected : {"bytes", " of a", "ll", "", ""}) {
    auto piece = executor.Await(body.Read());
    ASSERT_TRUE(piece);
    EXPECT_EQ(net::AsText(*piece), expected);
    std::ranges::fill(*piece, std::byte{'x'});
  }
  EXPECT_EQ(bytes, "bytes of all");
}

TEST(SharedBody, KeepsWhatHoldsItsBytes) {
  auto holder = std::make_shared<const std::string>("bytes");
  auto body = std::make_unique<SharedBody>(*holder, SharedBody::kSmallPiece, holder);
  EXPECT_EQ(holder.use_count(), 2);
  body.reset();
  EXPECT_EQ(holder.use_count(), 1);
}

}  // namespace
}  // namespace berth::http
