// Two sessions joined in memory: how much of which stream is under way (RFC 9113, section 5.2).
#include <gtest/gtest.h>

#include "http/h2_session.h"
#include "http/h2_testing.h"

namespace berth::http {
namespace {

using namespace std::chrono_literals;
using namespace testing;  // NOLINT: the fixture's own vocabulary.

/// Reads `body` to its end and compares it with PatternBody's bytes; returns the size.
Task<Result<std::uint64_t>> ReadPattern(Body& body) {
  std::uint64_t offset = 0;
  for (;;) {
    auto piece = co_await body.Read();
    if (!piece) co_return std::move(piece).error();
    if (piece->empty()) co_return offset;
    for (const std::byte byte : *piece) {
      if (byte != PatternBody::At(offset++)) co_return Invalid("wrong byte");
    }
  }
}

Task<Result<Response>> Patterned(std::uint64_t size) {
  Response response;
  response.body = std::make_unique<PatternBody>(size);
  co_return response;
}

class H2FlowControlTest : public ::testing::Test {
 protected:
  TestExecutor executor;
  Limits limits;
};

TEST_F(H2FlowControlTest, EchoesALargeBodyWithinItsWindows) {
  constexpr std::uint64_t kSize = H2Window::kFastAfter - 13;
  FakeService service(Echo);
  for (const H2Carrier carrier : {H2Carrier::kBrowser, H2Carrier::kTunnel}) {
    JoinedSessions joined(executor, limits, service, {.carrier = carrier});
    auto response = executor.Await(
        joined.client->Exchange(Post("/echo", std::make_unique<PatternBody>(kSize))));
    ASSERT_THAT(response, IsOk());
    auto size = executor.Await(ReadPattern(*response->body));
    ASSERT_THAT(size, IsOk());
    EXPECT_EQ(*size, kSize);
    EXPECT_LE(joined.server->peak_buffered(), limits.stream_buffer);
    EXPECT_LE(joined.client->peak_buffered(), limits.stream_buffer);
    EXPECT_EQ(joined.server->buffered(), 0u);
    EXPECT_LE(joined.largest_output, kH2Write);
    EXPECT_TRUE(joined.errors.empty());
  }
}

TEST_F(H2FlowControlTest, EchoesABodyForWhichItsWindowsGrow) {
  constexpr std::uint64_t kSize = 40 * 1024 * 1024 + 13;
  FakeService service(Echo);
  JoinedSessions joined(executor, limits, service, {.carrier = H2Carrier::kTunnel});
  auto response =
      executor.Await(joined.client->Exchange(Post("/echo", std::make_unique<PatternBody>(kSize))));
  ASSERT_THAT(response, IsOk());
  auto size = executor.Await(ReadPattern(*response->body));
  ASSERT_THAT(size, IsOk());
  EXPECT_EQ(*size, kSize);
  for (const H2Session* session : {static_cast<H2Session*>(joined.server.get()),
                                   static_cast<H2Session*>(joined.client.get())}) {
    EXPECT_LE(session->peak_buffered(), H2Window::kFastWindow);
    EXPECT_EQ(session->buffered(), 0u);
  }
  EXPECT_TRUE(joined.errors.empty());
}

TEST_F(H2FlowControlTest, AGrownWindowIsPaidForUntilWhatItLetInIsGone) {
  static constexpr std::uint64_t kSize = H2Window::kFastAfter + 1024 * 1024;
  limits.tunnel_windows = limits.stream_buffer;
  FakeService service([](Request) { return Patterned(kSize); });
  JoinedSessions joined(executor, limits, service, {.carrier = H2Carrier::kTunnel});
  auto response = executor.Await(joined.client->Exchange(Get("/")));
  ASSERT_THAT(response, IsOk());
  for (std::uint64_t offset = 0; offset + limits.stream_buffer < kSize;) {
    auto piece = executor.Await(response->body->Read());
    ASSERT_THAT(piece, IsOk());
    offset += piece->size();
  }
  executor.RunUntilIdle();
  ASSERT_EQ(joined.client->stream_count(), 0u);
  ASSERT_GT(joined.client->buffered(), 0u);
  const auto window = static_cast<std::uint32_t>(limits.stream_buffer);
  H2Window other(window);
  EXPECT_EQ(other.Use(window, executor.now(), 40ms, limits).window, std::nullopt);
  response->body.reset();
  EXPECT_EQ(other.Use(window, executor.now(), 40ms, limits).window, 2 * window);
}

TEST_F(H2FlowControlTest, AReaderThatStopsStopsTheSender) {
  FakeService service([](Request) -> Task<Result<Response>> {
    Response response;
    response.body = std::make_unique<PatternBody>(100'000'000);
    co_return response;
  });
  JoinedSessions joined(executor, limits, service, {.carrier = H2Carrier::kTunnel});
  auto response = executor.Await(joined.client->Exchange(Get("/")));
  ASSERT_THAT(response, IsOk());
  executor.RunUntilIdle();
  EXPECT_LE(joined.client->buffered(), limits.stream_buffer);
  EXPECT_GT(joined.client->buffered(), limits.stream_buffer / 2);
  // Others go on meanwhile.
  auto other = executor.Await(joined.client->Exchange(Get("/other")));
  ASSERT_THAT(other, IsOk());
  for (int i = 0; i < 100; ++i) {
    auto piece = executor.Await(other->body->Read());
    ASSERT_THAT(piece, IsOk());
    ASSERT_FALSE(piece->empty());
  }
  EXPECT_LE(joined.client->peak_buffered(), 2 * limits.stream_buffer);
}

TEST_F(H2FlowControlTest, AWindowGrowsOnALongLinkInATunnel) {
  FakeService service([](Request) -> Task<Result<Response>> {
    Response response;
    response.body = std::make_unique<PatternBody>(100'000'000);
    co_return response;
  });
  for (const H2Carrier carrier : {H2Carrier::kTunnel, H2Carrier::kBrowser}) {
    JoinedSessions joined(executor, limits, service, {.carrier = carrier});
    auto response = executor.Await(joined.client->Exchange(Get("/")));
    ASSERT_THAT(response, IsOk());
    const auto read = [&](int pieces) {
      for (int i = 0; i < pieces; ++i) {
        auto piece = executor.Await(response->body->Read());
        EXPECT_THAT(piece, IsOk());
      }
      executor.RunUntilIdle();
    };
    executor.RunUntilIdle();
    // Half of the window is used, and what measures the round trip takes a while.
    joined.Hold();
    read(4);
    executor.Advance(40ms);
    joined.Resume();
    read(100);
    if (carrier == H2Carrier::kTunnel) {
      EXPECT_GT(joined.client->buffered(), limits.stream_buffer);
    } else {
      EXPECT_LE(joined.client->peak_buffered(), limits.stream_buffer);
    }
    EXPECT_LE(joined.client->peak_buffered(), limits.tunnel_window);
  }
}

TEST_F(H2FlowControlTest, AWindowShrinksWithItsReadersSpeed) {
  static constexpr std::uint64_t kSize = 60'000'000;
  FakeService service([](Request) { return Patterned(kSize); });
  JoinedSessions joined(executor, limits, service, {.carrier = H2Carrier::kTunnel});
  auto response = executor.Await(joined.client->Exchange(Get("/")));
  ASSERT_THAT(response, IsOk());
  std::uint64_t size = 0;
  const auto read = [&](int pieces, Duration pause) {
    for (int i = 0; i < pieces; ++i) {
      auto piece = executor.Await(response->body->Read());
      ASSERT_THAT(piece, IsOk());
      size += piece->size();
      executor.Advance(pause);
    }
  };
  read(400, 0ms);
  EXPECT_GT(joined.client->buffered(), H2Window::kFastWindow / 2);
  read(200, 5ms);
  EXPECT_LE(joined.client->buffered(), limits.stream_buffer);
  EXPECT_GT(joined.client->buffered(), limits.stream_buffer / 4);
  // And all of it comes.
  while (size < kSize) read(1, 0ms);
  EXPECT_LE(joined.client->peak_buffered(), H2Window::kFastWindow);
  EXPECT_TRUE(executor.Await(response->body->Read())->empty());
  EXPECT_TRUE(joined.errors.empty());
}

TEST_F(H2FlowControlTest, RunsTwoHundredStreamsWhileOneIsReadSlowly) {
  FakeService service(Echo);
  JoinedSessions joined(executor, limits, service, {.carrier = H2Carrier::kTunnel});
  auto slow = executor.Await(
      joined.client->Exchange(Post("/slow", std::make_unique<PatternBody>(50'000'000))));
  ASSERT_THAT(slow, IsOk());
  std::vector<Task<Result<Fetched>>> tasks;
  for (int i = 0; i < 200; ++i) {
    const std::string text(static_cast<std::size_t>(i) * 1000, static_cast<char>('a' + i % 26));
    tasks.push_back(Fetch(*joined.client, Post("/", std::make_unique<TextBody>(text))));
    tasks.back().Start();
  }
  executor.RunUntilIdle();
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    ASSERT_TRUE(tasks[i].is_done()) << i;
    auto fetched = tasks[i].Take();
    ASSERT_THAT(fetched, IsOk());
    EXPECT_EQ(fetched->body.size(), i * 1000);
  }
  EXPECT_EQ(joined.client->stream_count(), 1u);
}

TEST_F(H2FlowControlTest, WhatABrowserNeverTakesIsGivenUp) {
  FakeService service([](Request) -> Task<Result<Response>> {
    Response response;
    response.body = std::make_unique<PatternBody>(1'000'000'000);
    co_return response;
  });
  JoinedSessions joined(executor, limits, service);
  auto idle = executor.Await(joined.client->Exchange(Get("/idle")));
  auto slow = executor.Await(joined.client->Exchange(Get("/slow")));
  ASSERT_THAT(idle, IsOk());
  ASSERT_THAT(slow, IsOk());
  EXPECT_EQ(joined.server->stream_count(), 2u);
  for (int i = 0; i < 12; ++i) {
    executor.Advance(limits.write_stall_timeout / 4);
    // A window's worth, so that something can follow.
    for (int taken = 0; taken < 10; ++taken)
      ASSERT_THAT(executor.Await(slow->body->Read()), IsOk());
  }
  EXPECT_EQ(joined.server->stream_count(), 1u);
  slow->body.reset();
  executor.Advance(limits.write_stall_timeout * 2);
  EXPECT_EQ(joined.server->stream_count(), 0u);
}

TEST_F(H2FlowControlTest, UploadsThatNobodyReadsDoNotHoldUpThoseOfOthers) {
  struct Uploads {
    static Task<Result<Response>> Serve(Event* never, Request request) {
      if (request.head.target == "/unread") co_await never->Wait();
      auto response = co_await Echo(std::move(request));
      co_return response;
    }
  };
  Event never(executor);
  FakeService service([&](Request request) { return Uploads::Serve(&never, std::move(request)); });
  limits.stream_buffer = 64 * 1024;
  limits.h2_streams = 24;
  JoinedSessions joined(executor, limits, service);
  executor.RunUntilIdle();
  std::vector<Task<Result<Fetched>>> unread;
  while (unread.size() + 1 < limits.h2_streams) {
    auto body = std::make_unique<PatternBody>(2 * limits.stream_buffer);
    unread.push_back(Fetch(*joined.client, Post("/unread", std::move(body))));
    unread.back().Start();
  }
  executor.RunUntilIdle();
  EXPECT_EQ(joined.server->buffered(), unread.size() * limits.stream_buffer);
  const std::uint64_t size = 4 * limits.h2_streams * limits.stream_buffer;
  auto response =
      executor.Await(joined.client->Exchange(Post("/read", std::make_unique<PatternBody>(size))));
  ASSERT_THAT(response, IsOk());
  auto read = executor.Await(ReadPattern(*response->body));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(*read, size);
}

TEST_F(H2FlowControlTest, StreamsBeyondThePeersLimitWaitAndThenAreRefused) {
  FakeService service(Echo);
  ManualSource source(executor);
  JoinedSessions joined(executor, limits, service, {.max_streams = 4});
  executor.RunUntilIdle();
  std::vector<Task<Result<Response>>> tasks;
  for (int i = 0; i < 9; ++i) {
    tasks.push_back(joined.client->Exchange(Post("/", std::make_unique<ManualBody>(source))));
    tasks.back().Start();
    executor.RunUntilIdle();
  }
  EXPECT_EQ(service.calls, 4);
  ASSERT_TRUE(tasks[8].is_done());
  EXPECT_THAT(tasks[8].Take(), FailsWith(ErrorKind::kConflict));
  tasks.resize(1);  // Drops those that run and those that wait.
  executor.RunUntilIdle();
  EXPECT_EQ(joined.server->stream_count(), 1u);
  EXPECT_EQ(joined.client->stream_count(), 1u);
  EXPECT_EQ(service.calls, 4);
}

TEST_F(H2FlowControlTest, AStreamWaitsForItsPlaceForAWhileOnly) {
  FakeService service(Echo);
  ManualSource held(executor);
  ManualSource refused(executor);
  JoinedSessions joined(executor, limits, service, {.max_streams = 2});
  executor.RunUntilIdle();
  const auto open = [&](ManualSource& source) {
    auto asked = joined.client->Exchange(Upgrade("/", std::make_unique<ManualBody>(source)));
    asked.Start();
    executor.RunUntilIdle();
    return asked;
  };
  auto first = open(held);
  auto second = open(held);
  auto third = open(refused);
  executor.Advance(kLongestWaitForPlace - std::chrono::milliseconds(1));
  EXPECT_FALSE(third.is_done());
  executor.Advance(std::chrono::milliseconds(1));
  ASSERT_TRUE(third.is_done());
  EXPECT_THAT(third.Take(), FailsWith(ErrorKind::kConflict));
  EXPECT_TRUE(refused.is_gone);

  // What was refused is not sent any more. Who gets a place keeps it.
  auto fourth = open(held);
  first = {};
  executor.RunUntilIdle();
  EXPECT_EQ(service.calls, 3);
  executor.Advance(2 * kLongestWaitForPlace);
  ASSERT_TRUE(fourth.is_done());
  auto upgraded = fourth.Take();
  ASSERT_THAT(upgraded, IsOk());
  EXPECT_EQ(joined.client->stream_count(), 2u);
}

}  // namespace
}  // namespace berth::http
