// How the pieces of a body travel: in frames as large as the peer takes, in few writes, and so that
// what came at once is read at once.
#include <gtest/gtest.h>

#include "http/h2_testing.h"

namespace berth::http::testing {
namespace {

/// One piece as large as a read of a connection gives at most, and its length.
Task<Result<Response>> OnePiece(Request) {
  Response response;
  response.body = std::make_unique<TextBody>(std::string(net::kMostRead, 'x'));
  co_return response;
}

class H2PieceTest : public ::testing::Test {
 protected:
  TestExecutor executor;
  Limits limits;
};

TEST_F(H2PieceTest, APieceIsOneFrameInATunnelAndFourToABrowser) {
  FakeService service(OnePiece);
  for (const H2Carrier carrier : {H2Carrier::kTunnel, H2Carrier::kBrowser}) {
    JoinedSessions joined(executor, limits, service, {.carrier = carrier});
    executor.RunUntilIdle();  // The settings, which say how large a frame may be.
    auto response = executor.Await(joined.client->Exchange(Get("/")));
    ASSERT_THAT(response, IsOk());
    executor.RunUntilIdle();
    std::vector<std::size_t> sizes;
    for (const SeenFrame& frame : ParseFrames(joined.last_output)) {
      if (frame.type == kData) sizes.push_back(frame.payload.size());
    }
    const std::vector<std::size_t> to_browser = {16'384, 16'384, 16'384, net::kMostRead - 49'152};
    EXPECT_EQ(sizes, carrier == H2Carrier::kTunnel ? std::vector{net::kMostRead} : to_browser);
  }
}

TEST_F(H2PieceTest, WhatArrivedAtOnceIsReadAtOnce) {
  FakeService service(OnePiece);
  for (const H2Carrier carrier : {H2Carrier::kTunnel, H2Carrier::kBrowser}) {
    JoinedSessions joined(executor, limits, service, {.carrier = carrier}, 9'000);
    auto response = executor.Await(joined.client->Exchange(Get("/")));
    ASSERT_THAT(response, IsOk());
    executor.RunUntilIdle();
    auto piece = executor.Await(response->body->Read());
    ASSERT_THAT(piece, IsOk());
    EXPECT_EQ(net::AsText(*piece), std::string(net::kMostRead, 'x'));
  }
}

TEST_F(H2PieceTest, BlocksKeepTheOrderWhateverTheSizes) {
  // Few bytes first, many then, and the other way round: small and large blocks.
  for (const std::vector<std::size_t>& sizes :
       std::vector<std::vector<std::size_t>>{{1, 70'000, 5}, {3'000, 1, 1}, {2'048, 2'048, 9}}) {
    H2BlockQueue queue;
    std::string sent;
    for (const std::size_t size : sizes) {
      std::string text(size, '\0');
      for (char& c : text)
        c = static_cast<char>(sent.size() + static_cast<std::size_t>(&c - text.data()));
      sent += text;
      Bytes rest = net::AsBytes(text);
      while (!rest.empty()) {
        const bool is_more = !queue.empty();
        if (!is_more || queue.back().is_full()) queue.Add();
        const std::size_t taken = queue.back().Append(rest, is_more);
        ASSERT_GT(taken, 0U);
        rest = rest.subspan(taken);
      }
    }
    EXPECT_EQ(queue.bytes(), sent.size());
    std::string read;
    while (!queue.empty()) {
      H2Block block = queue.Take();
      read += net::AsText(block.view());
    }
    EXPECT_EQ(read, sent);
  }
}

}  // namespace
}  // namespace berth::http::testing
