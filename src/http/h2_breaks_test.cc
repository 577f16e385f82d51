// Two sessions joined in memory: bodies that break off before their end.
#include <gtest/gtest.h>

#include "http/body_testing.h"
#include "http/h2_session.h"
#include "http/h2_testing.h"

namespace berth::http {
namespace {

using namespace testing;  // NOLINT: the fixture's own vocabulary.

class H2BreaksTest : public ::testing::Test {
 protected:
  TestExecutor executor;
  Limits limits;
};

/// An exchange whose bodies, there and back, are what its source gives.
struct EchoedSource {
  EchoedSource(TestExecutor& executor, const Limits& limits)
      : source(executor),
        joined(executor, limits, service),
        response(executor.Await(
            joined.client->Exchange(Post("/", std::make_unique<ManualBody>(source))))) {}

  FakeService service{Echo};
  ManualSource source;
  JoinedSessions joined;
  Result<Response> response;
};

TEST_F(H2BreaksTest, ABodyThatBreaksBreaksAtTheOtherEnd) {
  for (const bool is_response : {false, true}) {
    EchoedSource echoed(executor, limits);
    ASSERT_THAT(echoed.response, IsOk());
    echoed.source.Push("x");
    auto piece = executor.Await(echoed.response->body->Read());
    ASSERT_THAT(piece, IsOk());
    if (is_response) {
      echoed.source.Break(Unavailable("origin went away"));
    } else {
      echoed.source.Break(Cancelled("browser went away"));
    }
    auto broken = executor.Await(echoed.response->body->Read());
    EXPECT_FALSE(broken);
    executor.RunUntilIdle();
    EXPECT_EQ(echoed.joined.server->stream_count(), 0u);
  }
}

TEST_F(H2BreaksTest, WhatCameBeforeABreakArrives) {
  for (const std::vector<std::string>& pieces : {std::vector<std::string>{}, {"hel", "lo"}}) {
    FakeService service([&pieces](Request) {
      return [](std::vector<std::string> given) -> Task<Result<Response>> {
        Response response = TextResponse(200, "text/plain", "");
        response.head.fields.Add("content-length", "10");
        response.body = std::make_unique<PieceBody>(given, Unavailable("origin went away"));
        co_return response;
      }(pieces);
    });
    JoinedSessions joined(executor, limits, service);
    auto response = executor.Await(joined.client->Exchange(Get("/")));
    ASSERT_THAT(response, IsOk());
    executor.RunUntilIdle();
    EXPECT_EQ(joined.client->stream_count() + joined.server->stream_count(), 0u);
    EXPECT_EQ(response->head.status, 200);
    EXPECT_EQ(joined.client->buffered(), pieces.empty() ? 0u : 5u);
    if (!pieces.empty()) {
      auto read = executor.Await(response->body->Read());
      ASSERT_THAT(read, IsOk());
      EXPECT_EQ(net::AsText(*read), "hello");
    }
    EXPECT_THAT(executor.Await(response->body->Read()), FailsWith(ErrorKind::kUnavailable));
    EXPECT_EQ(joined.client->buffered(), 0u);
  }
}

TEST_F(H2BreaksTest, ABreakDoesNotWaitForTheConnectionsWindow) {
  FakeService service([](Request request) -> Task<Result<Response>> {
    Response response;
    if (request.head.target == "/large") {
      response.body = std::make_unique<PatternBody>(1'000'000);
    } else {
      response.body = std::make_unique<PieceBody>(std::vector<std::string>{}, Unavailable("gone"));
    }
    co_return response;
  });
  JoinedSessions joined(executor, limits, service, {.connection_window = 65'535});
  auto large = executor.Await(joined.client->Exchange(Get("/large")));
  ASSERT_THAT(large, IsOk());
  executor.RunUntilIdle();
  ASSERT_EQ(joined.client->buffered(), 65'535u);
  auto broken = executor.Await(joined.client->Exchange(Get("/broken")));
  ASSERT_THAT(broken, IsOk());
  EXPECT_EQ(broken->head.status, 200);
  executor.RunUntilIdle();
  EXPECT_EQ(joined.server->stream_count(), 1u);
  auto read = broken->body->Read();
  read.Start();
  ASSERT_TRUE(read.is_done());
  EXPECT_THAT(read.Take(), FailsWith(ErrorKind::kUnavailable));
}

TEST_F(H2BreaksTest, WhatCameBeforeABreakIsForgottenWithItsReader) {
  for (const bool is_cut : {false, true}) {
    EchoedSource echoed(executor, limits);
    ASSERT_THAT(echoed.response, IsOk());
    echoed.source.Push("hello");
    executor.RunUntilIdle();
    echoed.source.Break(Unavailable("gone"));
    executor.RunUntilIdle();
    EXPECT_EQ(echoed.joined.client->buffered(), 5u);
    http::BodyPtr& body = echoed.response->body;
    is_cut ? body->Cut() : body.reset();
    EXPECT_EQ(echoed.joined.client->buffered(), 0u);
  }
}

}  // namespace
}  // namespace berth::http
