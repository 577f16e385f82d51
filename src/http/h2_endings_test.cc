// Two sessions joined in memory: what is left when one side drops, fails, refuses or stops.
#include <gtest/gtest.h>

#include "http/body_testing.h"
#include "http/h2_session.h"
#include "http/h2_testing.h"

namespace berth::http {
namespace {

using namespace std::chrono_literals;
using namespace testing;  // NOLINT: the fixture's own vocabulary.

Task<Result<Response>> WaitForEver(Event& never, bool& dropped) {
  struct Note {
    bool& flag;
    ~Note() { flag = true; }
  } note{dropped};
  co_await never.Wait();
  co_return TextResponse(200, "text/plain", "late");
}

Task<Result<Response>> Forbid(Request) { co_return TextResponse(403, "text/plain", "no"); }

/// Reaches what only a long life brings about from outside.
struct Inside : H2ClientSession {
  static nghttp2_session* Of(H2ClientSession& session) { return session.*(&Inside::session_); }
};

class H2EndingsTest : public ::testing::Test {
 protected:
  TestExecutor executor;
  Limits limits;
};

TEST_F(H2EndingsTest, DroppingTheExchangeCancelsTheHandler) {
  Event never(executor);
  bool dropped = false;
  FakeService service([&](Request) { return WaitForEver(never, dropped); });
  JoinedSessions joined(executor, limits, service);
  auto task = joined.client->Exchange(Get("/"));
  task.Start();
  executor.RunUntilIdle();
  EXPECT_EQ(joined.server->stream_count(), 1u);
  EXPECT_FALSE(dropped);
  task.Reset();
  executor.RunUntilIdle();
  EXPECT_TRUE(dropped);
  EXPECT_EQ(joined.server->stream_count(), 0u);
  EXPECT_EQ(joined.client->stream_count(), 0u);
}

TEST_F(H2EndingsTest, DroppingTheResponsesBodyDropsTheSenders) {
  ManualSource source(executor);
  FakeService service([&source](Request) {
    return [](ManualSource& s) -> Task<Result<Response>> {
      Response response;
      response.body = std::make_unique<ManualBody>(s);
      co_return response;
    }(source);
  });
  JoinedSessions joined(executor, limits, service);
  auto response = executor.Await(joined.client->Exchange(Get("/")));
  ASSERT_THAT(response, IsOk());
  source.Push("x");
  executor.RunUntilIdle();
  EXPECT_FALSE(source.is_gone);
  response->body.reset();
  executor.RunUntilIdle();
  EXPECT_TRUE(source.is_gone);
  EXPECT_EQ(joined.server->buffered() + joined.client->buffered(), 0u);
}

Task<Result<Response>> ShortBody(Request) {
  Response response = TextResponse(200, "text/plain", "short");
  response.head.fields.Add("content-length", "10");
  co_return response;
}

TEST_F(H2EndingsTest, ABodyThatContradictsItsLengthIsAnError) {
  FakeService service(ShortBody);
  JoinedSessions joined(executor, limits, service);
  auto fetched = executor.Await(Fetch(*joined.client, Get("/")));
  EXPECT_THAT(fetched, FailsWith(ErrorKind::kUnavailable));
}

Task<Result<Response>> Fail(Error error) { co_return error; }

TEST_F(H2EndingsTest, AFailedExchangeIsAnsweredByItsKind) {
  Error error;
  FakeService service([&error](Request) { return Fail(error); });
  JoinedSessions joined(executor, limits, service);
  error = Unavailable("gone");
  auto fetched = executor.Await(Fetch(*joined.client, Get("/")));
  ASSERT_THAT(fetched, IsOk());
  EXPECT_EQ(fetched->head.status, 502);
  error = Timeout("late");
  fetched = executor.Await(Fetch(*joined.client, Get("/")));
  ASSERT_THAT(fetched, IsOk());
  EXPECT_EQ(fetched->head.status, 504);
  error = Cancelled("nobody");
  fetched = executor.Await(Fetch(*joined.client, Get("/")));
  EXPECT_THAT(fetched, FailsWith(ErrorKind::kCancelled));
}

Task<Result<Response>> Throw(Request) {
  throw std::runtime_error("planned");
  co_return Response{};
}

TEST_F(H2EndingsTest, AServiceThatThrowsEndsItsStreamAlone) {
  FakeService service(Throw);
  JoinedSessions joined(executor, limits, service);
  auto fetched = executor.Await(Fetch(*joined.client, Get("/")));
  EXPECT_THAT(fetched, FailsWith(ErrorKind::kUnavailable));
  EXPECT_FALSE(joined.server->is_finished());
}

/// Gives a piece, then throws.
class ThrowingBody : public Body {
 public:
  Task<Result<MutableBytes>> Read() override {
    if (std::exchange(is_read_, true)) throw std::runtime_error("planned");
    co_return std::as_writable_bytes(std::span(piece_));
  }

 private:
  bool is_read_ = false;
  std::string piece_ = "x";
};

Task<Result<Response>> BreakOff(Request) {
  Response response;
  response.body = std::make_unique<ThrowingBody>();
  co_return response;
}

TEST_F(H2EndingsTest, ABodyThatThrowsEndsItsStreamAlone) {
  FakeService answers(BreakOff);
  JoinedSessions down(executor, limits, answers);
  EXPECT_THAT(executor.Await(Fetch(*down.client, Get("/"))), FailsWith(ErrorKind::kUnavailable));
  FakeService echoes(Echo);
  JoinedSessions up(executor, limits, echoes);
  EXPECT_THAT(executor.Await(Fetch(*up.client, Post("/", std::make_unique<ThrowingBody>()))),
              FailsWith(ErrorKind::kUnavailable));
  for (const JoinedSessions* joined : {&down, &up}) {
    EXPECT_EQ(joined->client->stream_count() + joined->server->stream_count(), 0u);
    EXPECT_FALSE(joined->client->is_finished() || joined->server->is_finished());
  }
}

TEST_F(H2EndingsTest, AnUploadThatNobodyWantsIsStoppedAfterTheResponse) {
  FakeService service(Forbid);
  JoinedSessions joined(executor, limits, service);
  auto fetched = executor.Await(
      Fetch(*joined.client, Post("/", std::make_unique<PatternBody>(1'000'000'000))));
  ASSERT_THAT(fetched, IsOk());
  EXPECT_EQ(fetched->head.status, 403);
  executor.RunUntilIdle();
  EXPECT_EQ(joined.server->stream_count(), 0u);
  EXPECT_EQ(joined.client->stream_count(), 0u);
  auto again = executor.Await(Fetch(*joined.client, Get("/")));
  EXPECT_THAT(again, IsOk());
}

TEST_F(H2EndingsTest, DrainFinishesWhatRunsAndRefusesMore) {
  for (const bool is_server : {true, false}) {
    FakeService service(Echo);
    ManualSource source(executor);
    JoinedSessions joined(executor, limits, service);
    auto response =
        executor.Await(joined.client->Exchange(Post("/", std::make_unique<ManualBody>(source))));
    ASSERT_THAT(response, IsOk());
    if (is_server) {
      joined.server->Drain();
    } else {
      joined.client->Drain();
    }
    executor.RunUntilIdle();
    auto refused = executor.Await(joined.client->Exchange(Get("/")));
    EXPECT_THAT(refused, FailsWith(ErrorKind::kCancelled));
    source.Push("still");
    source.Finish();
    auto text = executor.Await(ReadAll(response->body.get(), 100));
    ASSERT_THAT(text, IsOk());
    EXPECT_EQ(*text, "still");
    executor.RunUntilIdle();
    EXPECT_TRUE(joined.server->is_finished());
    EXPECT_TRUE(joined.client->is_finished());
  }
}

TEST_F(H2EndingsTest, WithoutFurtherStreamIdsItEnds) {
  FakeService service(Echo);
  JoinedSessions joined(executor, limits, service);
  ASSERT_EQ(nghttp2_session_set_next_stream_id(Inside::Of(*joined.client), 0x7fffffff), 0);
  EXPECT_THAT(executor.Await(Fetch(*joined.client, Get("/"))), IsOk());
  auto refused = executor.Await(joined.client->Exchange(Get("/")));
  EXPECT_THAT(refused, FailsWith(ErrorKind::kCancelled));
  executor.RunUntilIdle();
  EXPECT_TRUE(joined.client->is_finished());
  EXPECT_TRUE(joined.server->is_finished());
}

TEST_F(H2EndingsTest, CloseFailsEverythingAtOnce) {
  FakeService service(Echo);
  ManualSource source(executor);
  JoinedSessions joined(executor, limits, service);
  auto response =
      executor.Await(joined.client->Exchange(Post("/", std::make_unique<ManualBody>(source))));
  ASSERT_THAT(response, IsOk());
  auto read = response->body->Read();
  read.Start();
  auto waiting = joined.client->Exchange(Post("/", std::make_unique<ManualBody>(source)));
  waiting.Start();
  joined.client->Close(Unavailable("transport gone"));
  executor.RunUntilIdle();
  ASSERT_TRUE(read.is_done());
  EXPECT_THAT(read.Take(), FailsWith(ErrorKind::kUnavailable));
  ASSERT_TRUE(waiting.is_done());
  EXPECT_THAT(waiting.Take(), FailsWith(ErrorKind::kUnavailable));
  EXPECT_TRUE(joined.client->is_finished());
  EXPECT_TRUE(source.is_gone);
  joined.server->Close(Unavailable("transport gone"));
  EXPECT_EQ(joined.server->stream_count(), 0u);
}

ssize_t FailFatally(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t, std::uint32_t*,
                    nghttp2_data_source*, void*) {
  return NGHTTP2_ERR_CALLBACK_FAILURE;
}

TEST_F(H2EndingsTest, AFailureOfTheLibraryFailsAllStreamsAtOnce) {
  Event never(executor);
  bool dropped = false;
  FakeService service([&](Request) { return WaitForEver(never, dropped); });
  JoinedSessions joined(executor, limits, service);
  auto waiting = joined.client->Exchange(Get("/"));
  waiting.Start();
  executor.RunUntilIdle();
  const Request request = Get("/");
  const H2HeadWriter head(request.head);  // It points into it.
  const nghttp2_data_provider provider{.source = {}, .read_callback = FailFatally};
  ASSERT_GT(nghttp2_submit_request(Inside::Of(*joined.client), nullptr, head.data(), head.size(),
                                   &provider, nullptr),
            0);
  joined.client->Ping();
  executor.RunUntilIdle();
  ASSERT_TRUE(waiting.is_done());
  EXPECT_THAT(waiting.Take(), FailsWith(ErrorKind::kInternal));
  EXPECT_TRUE(joined.client->is_finished());
  EXPECT_EQ(joined.client->stream_count(), 0u);
}

TEST_F(H2EndingsTest, BodiesAndExchangesMayOutliveTheirSession) {
  FakeService service(Echo);
  ManualSource source(executor);
  JoinedSessions joined(executor, limits, service);
  auto response =
      executor.Await(joined.client->Exchange(Post("/", std::make_unique<ManualBody>(source))));
  ASSERT_THAT(response, IsOk());
  source.Push("queued");
  executor.RunUntilIdle();
  auto waiting = joined.client->Exchange(Get("/"));
  waiting.Start();
  joined.Cut();
  joined.client.reset();
  joined.server.reset();
  EXPECT_EQ(net::AsText(executor.Await(response->body->Read()).value()), "queued");
  EXPECT_THAT(executor.Await(response->body->Read()), FailsWith(ErrorKind::kUnavailable));
  executor.RunUntilIdle();
  ASSERT_TRUE(waiting.is_done());
  EXPECT_THAT(waiting.Take(), FailsWith(ErrorKind::kUnavailable));
}

TEST_F(H2EndingsTest, ADroppedReadLosesNothing) {
  FakeService service(Echo);
  ManualSource source(executor);
  JoinedSessions joined(executor, limits, service);
  auto response =
      executor.Await(joined.client->Exchange(Post("/", std::make_unique<ManualBody>(source))));
  ASSERT_THAT(response, IsOk());
  {
    auto dropped = response->body->Read();
    dropped.Start();
  }
  source.Push("kept");
  auto piece = executor.Await(response->body->Read());
  ASSERT_THAT(piece, IsOk());
  EXPECT_EQ(net::AsText(*piece), "kept");
}

TEST_F(H2EndingsTest, AStalledUploadFromABrowserIsEnded) {
  FakeService service(Echo);
  ManualSource source(executor);
  JoinedSessions joined(executor, limits, service);
  auto response =
      executor.Await(joined.client->Exchange(Post("/", std::make_unique<ManualBody>(source))));
  ASSERT_THAT(response, IsOk());
  executor.Advance(limits.body_stall_timeout + 1s);
  EXPECT_EQ(joined.server->stream_count(), 0u);
}

/// What a proxy says whose upload failed.
Task<Result<Response>> ReadAllOrBlameTheInstance(Request request) {
  auto body = co_await ReadAll(request.body.get(), 1000);
  co_return TextResponse(body ? 200 : 502, "text/plain", "");
}

/// Posts what `source` gives; the service is reading it when this returns.
Task<Result<Fetched>> BeginUpload(TestExecutor& executor, JoinedSessions& joined,
                                  ManualSource& source) {
  auto fetch = Fetch(*joined.client, Post("/", std::make_unique<ManualBody>(source)));
  fetch.Start();
  executor.RunUntilIdle();
  return fetch;
}

TEST_F(H2EndingsTest, AStalledUploadFromABrowserIs408WhateverTheServiceSays) {
  FakeService service(ReadAllOrBlameTheInstance);
  ManualSource source(executor);
  JoinedSessions joined(executor, limits, service);
  auto fetch = BeginUpload(executor, joined, source);
  source.Push("abc");
  executor.RunUntilIdle();
  executor.Advance(limits.body_stall_timeout - 1ms);
  EXPECT_FALSE(fetch.is_done());
  executor.Advance(1ms);
  ASSERT_TRUE(fetch.is_done());
  auto fetched = fetch.Take();
  ASSERT_THAT(fetched, IsOk());
  EXPECT_EQ(fetched->head.status, 408);
  EXPECT_EQ(joined.server->stream_count(), 0u);
}

TEST_F(H2EndingsTest, ARequestBodyThatFailsSaysWhyThereIsNoResponse) {
  FakeService service(ReadAllOrBlameTheInstance);
  ManualSource source(executor);
  JoinedSessions joined(executor, limits, service);
  auto fetch = BeginUpload(executor, joined, source);
  source.Break(Timeout("the browser stalls"));
  executor.RunUntilIdle();
  ASSERT_TRUE(fetch.is_done());
  EXPECT_THAT(fetch.Take(), FailsWith(ErrorKind::kTimeout));
}

TEST_F(H2EndingsTest, AnOversizedHeadIsRefusedWith431) {
  FakeService service(Hello);
  JoinedSessions joined(executor, limits, service);
  Request many = Get("/");
  for (int i = 0; i < 101; ++i) many.head.fields.Add("x-" + std::to_string(i), "v");
  auto fetched = executor.Await(Fetch(*joined.client, std::move(many)));
  ASSERT_THAT(fetched, IsOk());
  EXPECT_EQ(fetched->head.status, 431);
  Request target = Get("/" + std::string(limits.request_target, 'a'));
  fetched = executor.Await(Fetch(*joined.client, std::move(target)));
  ASSERT_THAT(fetched, IsOk());
  EXPECT_EQ(fetched->head.status, 414);
  Request fits = Get("/");
  fits.head.fields.Add("x-long", std::string(20'000, 'v'));
  fetched = executor.Await(Fetch(*joined.client, std::move(fits)));
  ASSERT_THAT(fetched, IsOk());
  EXPECT_EQ(fetched->head.status, 200);
}

}  // namespace
}  // namespace berth::http
