// A client session and a server session, joined in memory.
#include "http/h2_session.h"

#include <gtest/gtest.h>

#include "http/h2_testing.h"

namespace berth::http {
namespace {

using namespace std::chrono_literals;
using namespace testing;  // NOLINT: the fixture's own vocabulary.

Task<Result<Response>> Hello(Request) { co_return TextResponse(200, "text/plain", "hello"); }

Task<Result<Response>> WaitForEver(Event& never, bool& dropped) {
  struct Note {
    bool& flag;
    ~Note() { flag = true; }
  } note{dropped};
  co_await never.Wait();
  co_return TextResponse(200, "text/plain", "late");
}

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

struct Fetched {
  ResponseHead head;
  std::string body;
};

Task<Result<Fetched>> Fetch(Service& service, Request request) {
  auto response = co_await service.Exchange(std::move(request));
  if (!response) co_return std::move(response).error();
  Fetched fetched;
  fetched.head = response->head;
  auto body = co_await ReadAll(response->body.get(), 1 << 20);
  if (!body) co_return std::move(body).error();
  fetched.body = std::move(*body);
  co_return fetched;
}

class H2SessionTest : public ::testing::Test {
 protected:
  TestExecutor executor;
  Limits limits;
};

TEST_F(H2SessionTest, CarriesARequestAndItsResponse) {
  FakeService service(Hello);
  for (const std::size_t fragment : {0u, 1u, 7u}) {
    JoinedSessions joined(executor, limits, service, {}, fragment);
    Request request = Get("/a?b=c");
    request.head.fields.Add("accept", "text/plain");
    request.head.fields.Add("cookie", "a=1; b=2");
    request.head.fields.Add("te", "trailers");
    request.head.fields.Add("connection", "close");
    auto fetched = executor.Await(Fetch(*joined.client, std::move(request)));
    ASSERT_THAT(fetched, IsOk());
    EXPECT_EQ(fetched->head.status, 200);
    EXPECT_EQ(fetched->head.fields.Find("content-type"), "text/plain");
    EXPECT_EQ(fetched->head.fields.Find("content-length"), "5");
    EXPECT_EQ(fetched->body, "hello");
    EXPECT_EQ(service.last.method, "GET");
    EXPECT_EQ(service.last.target, "/a?b=c");
    EXPECT_EQ(service.last.authority, "hub.example");
    EXPECT_EQ(service.last.scheme, "https");
    EXPECT_EQ(service.last.fields.Find("cookie"), "a=1; b=2");
    EXPECT_EQ(service.last.fields.size(), 2u);
    EXPECT_EQ(joined.client->stream_count(), 0u);
    EXPECT_EQ(joined.server->stream_count(), 0u);
    EXPECT_TRUE(joined.errors.empty());
  }
}

TEST_F(H2SessionTest, AnAssertionIsSentInFullOnceAndSecretsAlways) {
  FakeService service(Hello);
  JoinedSessions joined(executor, limits, service, {.carrier = H2Carrier::kTunnel});
  const auto cost_of = [&](const char* name) {
    Request request = Get("/");
    request.head.fields.Add(name, std::string(500, 'x'));
    const std::size_t before = joined.from_client;
    auto fetched = executor.Await(Fetch(*joined.client, std::move(request)));
    EXPECT_THAT(fetched, IsOk());
    EXPECT_EQ(service.last.fields.Find(name), std::string(500, 'x'));
    return joined.from_client - before;
  };
  EXPECT_GT(cost_of("x-berth-assertion"), 300u);
  EXPECT_LT(cost_of("x-berth-assertion"), 60u);
  EXPECT_LT(cost_of("x-berth-assertion"), 60u);
  EXPECT_GT(cost_of("cookie"), 300u);
  EXPECT_GT(cost_of("cookie"), 300u);
}

TEST_F(H2SessionTest, TheEndOfABodyGoesOutWithItsLastPiece) {
  FakeService service(Hello);
  JoinedSessions joined(executor, limits, service);
  ASSERT_THAT(executor.Await(Fetch(*joined.client, Get("/"))), IsOk());
  const std::size_t before = joined.from_server;
  auto response = executor.Await(joined.client->Exchange(Get("/")));
  ASSERT_THAT(response, IsOk());
  // HEADERS, then DATA with END_STREAM: nothing else was written.
  const std::string_view written = joined.last_output;
  EXPECT_EQ(joined.from_server - before, written.size());
  ASSERT_GT(written.size(), 14u);
  const std::string_view data = written.substr(written.size() - 14);
  EXPECT_EQ(data.substr(0, 5), std::string_view("\0\0\5\0\1", 5));
  EXPECT_EQ(data.substr(9), "hello");
}

Task<Result<Response>> AnswerHead(Request request) {
  Response response = TextResponse(200, "text/plain", "never sent");
  response.head.fields.Add("content-length", "1234");
  EXPECT_EQ(request.head.method, "HEAD");
  co_return response;
}

TEST_F(H2SessionTest, HeadHasALengthAndNoBody) {
  FakeService service(AnswerHead);
  JoinedSessions joined(executor, limits, service);
  Request request = Get("/");
  request.head.method = "HEAD";
  auto fetched = executor.Await(Fetch(*joined.client, std::move(request)));
  ASSERT_THAT(fetched, IsOk());
  EXPECT_EQ(fetched->head.fields.Find("content-length"), "1234");
  EXPECT_EQ(fetched->body, "");
}

TEST_F(H2SessionTest, EchoesALargeBodyWithinItsWindows) {
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

TEST_F(H2SessionTest, EchoesABodyForWhichItsWindowsGrow) {
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

TEST_F(H2SessionTest, AReaderThatStopsStopsTheSender) {
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

TEST_F(H2SessionTest, AWindowGrowsOnALongLinkInATunnel) {
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

TEST_F(H2SessionTest, AWindowShrinksWithItsReadersSpeed) {
  static constexpr std::uint64_t kSize = 60'000'000;
  FakeService service([](Request) -> Task<Result<Response>> {
    Response response;
    response.body = std::make_unique<PatternBody>(kSize);
    co_return response;
  });
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

TEST_F(H2SessionTest, RunsTwoHundredStreamsWhileOneIsReadSlowly) {
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

TEST_F(H2SessionTest, StreamsBeyondThePeersLimitWaitAndThenAreRefused) {
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
  EXPECT_THAT(tasks[8].Take(), FailsWith(ErrorKind::kUnavailable));
  tasks.resize(1);  // Drops those that run and those that wait.
  executor.RunUntilIdle();
  EXPECT_EQ(joined.server->stream_count(), 1u);
  EXPECT_EQ(joined.client->stream_count(), 1u);
  EXPECT_EQ(service.calls, 4);
}

TEST_F(H2SessionTest, PassesEveryStatus) {
  int status = 0;
  FakeService service([&status](Request) {
    return [](int code) -> Task<Result<Response>> {
      co_return TextResponse(code, "text/plain", "x");
    }(status);
  });
  JoinedSessions joined(executor, limits, service);
  for (status = 200; status < 600; ++status) {
    auto fetched = executor.Await(Fetch(*joined.client, Get("/")));
    ASSERT_THAT(fetched, IsOk()) << status;
    EXPECT_EQ(fetched->head.status, status);
    EXPECT_EQ(fetched->body, status == 204 || status == 304 ? "" : "x") << status;
  }
  EXPECT_TRUE(joined.errors.empty());
}

Task<Result<Response>> SetCookies(Request) {
  Response response;
  response.head.fields.Add("set-cookie", "a=1");
  response.head.fields.Add("set-cookie", "b=2; Path=/");
  response.head.fields.Add("set-cookie", "c=3");
  co_return response;
}

TEST_F(H2SessionTest, SeveralSetCookiesStaySeveral) {
  FakeService service(SetCookies);
  JoinedSessions joined(executor, limits, service);
  auto fetched = executor.Await(Fetch(*joined.client, Get("/")));
  ASSERT_THAT(fetched, IsOk());
  ASSERT_EQ(fetched->head.fields.Count("set-cookie"), 3u);
  EXPECT_EQ(fetched->head.fields[1].value, "b=2; Path=/");
}

Task<Result<Response>> EarlyHints(Request request) {
  ResponseHead hint{.status = 103, .fields = {}};
  hint.fields.Add("link", "</a.css>");
  request.interim(hint);
  request.interim(hint);
  co_return TextResponse(200, "text/plain", "done");
}

TEST_F(H2SessionTest, ForwardsInterimResponses) {
  FakeService service(EarlyHints);
  JoinedSessions joined(executor, limits, service);
  std::vector<int> seen;
  Request request = Get("/");
  request.interim = [&seen](const ResponseHead& head) { seen.push_back(head.status); };
  auto fetched = executor.Await(Fetch(*joined.client, std::move(request)));
  ASSERT_THAT(fetched, IsOk());
  EXPECT_EQ(seen, (std::vector<int>{103, 103}));
  EXPECT_EQ(fetched->body, "done");
}

TEST_F(H2SessionTest, UpgradesByExtendedConnect) {
  FakeService service(Echo);
  ManualSource source(executor);
  JoinedSessions joined(executor, limits, service);
  auto response =
      executor.Await(joined.client->Exchange(Upgrade("/ws", std::make_unique<ManualBody>(source))));
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->head.status, 101);
  EXPECT_EQ(service.last.method, "GET");
  EXPECT_EQ(service.last.protocol, "websocket");
  for (const char* text : {"one", "two"}) {
    source.Push(text);
    auto piece = executor.Await(response->body->Read());
    ASSERT_THAT(piece, IsOk());
    EXPECT_EQ(net::AsText(*piece), text);
  }
  source.Finish();
  auto end = executor.Await(response->body->Read());
  ASSERT_THAT(end, IsOk());
  EXPECT_TRUE(end->empty());
  executor.RunUntilIdle();
  EXPECT_EQ(joined.server->stream_count(), 0u);
}

/// A WebSocket's outgoing side that owns its incoming one, as those of an instance do.
class BothWays : public ManualBody {
 public:
  BothWays(ManualSource& source, BodyPtr incoming)
      : ManualBody(source), incoming_(std::move(incoming)) {}

 private:
  BodyPtr incoming_;
};

TEST_F(H2SessionTest, TheLastWordsOfAnUpgradedServiceArrive) {
  ManualSource instance(executor);
  FakeService service([&instance](Request request) -> Task<Result<Response>> {
    Response response;
    response.head.status = 101;
    response.body = std::make_unique<BothWays>(instance, std::move(request.body));
    co_return response;
  });
  JoinedSessions joined(executor, limits, service, {.carrier = H2Carrier::kTunnel});
  ManualSource browser(executor);
  auto response = executor.Await(
      joined.client->Exchange(Upgrade("/ws", std::make_unique<ManualBody>(browser))));
  ASSERT_THAT(response, IsOk());
  instance.Push("last words");
  instance.Finish();
  executor.RunUntilIdle();  // All of it is received before anybody reads.
  auto text = executor.Await(ReadAll(response->body.get(), 100));
  ASSERT_THAT(text, IsOk());
  EXPECT_EQ(*text, "last words");
  EXPECT_TRUE(browser.is_gone);
  EXPECT_EQ(joined.server->stream_count(), 0u);
}

Task<Result<Response>> Forbid(Request) { co_return TextResponse(403, "text/plain", "no"); }

TEST_F(H2SessionTest, ARefusedUpgradeIsAnOrdinaryResponse) {
  FakeService service(Forbid);
  ManualSource source(executor);
  JoinedSessions joined(executor, limits, service);
  auto fetched =
      executor.Await(Fetch(*joined.client, Upgrade("/ws", std::make_unique<ManualBody>(source))));
  ASSERT_THAT(fetched, IsOk());
  EXPECT_EQ(fetched->head.status, 403);
  EXPECT_EQ(fetched->body, "no");
  executor.RunUntilIdle();
  EXPECT_TRUE(source.is_gone);
  EXPECT_EQ(joined.server->stream_count(), 0u);
}

TEST_F(H2SessionTest, DroppingTheExchangeCancelsTheHandler) {
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

TEST_F(H2SessionTest, DroppingTheResponsesBodyDropsTheSenders) {
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

TEST_F(H2SessionTest, ABodyThatBreaksBreaksAtTheOtherEnd) {
  for (const bool is_response : {false, true}) {
    FakeService service(Echo);
    ManualSource source(executor);
    JoinedSessions joined(executor, limits, service);
    auto response =
        executor.Await(joined.client->Exchange(Post("/", std::make_unique<ManualBody>(source))));
    ASSERT_THAT(response, IsOk());
    source.Push("x");
    auto piece = executor.Await(response->body->Read());
    ASSERT_THAT(piece, IsOk());
    if (is_response) {
      source.Break(Unavailable("origin went away"));
    } else {
      source.Break(Cancelled("browser went away"));
    }
    auto broken = executor.Await(response->body->Read());
    EXPECT_FALSE(broken);
    executor.RunUntilIdle();
    EXPECT_EQ(joined.server->stream_count(), 0u);
  }
}

Task<Result<Response>> ShortBody(Request) {
  Response response = TextResponse(200, "text/plain", "short");
  response.head.fields.Add("content-length", "10");
  co_return response;
}

TEST_F(H2SessionTest, ABodyThatContradictsItsLengthIsAnError) {
  FakeService service(ShortBody);
  JoinedSessions joined(executor, limits, service);
  auto fetched = executor.Await(Fetch(*joined.client, Get("/")));
  EXPECT_THAT(fetched, FailsWith(ErrorKind::kUnavailable));
}

Task<Result<Response>> Fail(Error error) { co_return error; }

TEST_F(H2SessionTest, AFailedExchangeIsAnsweredByItsKind) {
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

TEST_F(H2SessionTest, AServiceThatThrowsEndsItsStreamAlone) {
  FakeService service(Throw);
  JoinedSessions joined(executor, limits, service);
  auto fetched = executor.Await(Fetch(*joined.client, Get("/")));
  EXPECT_THAT(fetched, FailsWith(ErrorKind::kUnavailable));
  EXPECT_FALSE(joined.server->is_finished());
}

TEST_F(H2SessionTest, AnUploadThatNobodyWantsIsStoppedAfterTheResponse) {
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

TEST_F(H2SessionTest, ContinueIsSentWhenTheBodyIsAskedFor) {
  FakeService service(Echo);
  ManualSource source(executor);
  JoinedSessions joined(executor, limits, service);
  std::vector<int> seen;
  Request request = Post("/", std::make_unique<ManualBody>(source));
  request.head.fields.Add("expect", "100-continue");
  request.interim = [&seen](const ResponseHead& head) { seen.push_back(head.status); };
  auto task = Fetch(*joined.client, std::move(request));
  task.Start();
  executor.RunUntilIdle();
  EXPECT_FALSE(service.last.fields.Has("expect"));
  source.Finish();
  executor.RunUntilIdle();
  EXPECT_TRUE(task.is_done());
}

TEST_F(H2SessionTest, DrainFinishesWhatRunsAndRefusesMore) {
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
    EXPECT_THAT(refused, FailsWith(ErrorKind::kUnavailable));
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

TEST_F(H2SessionTest, CloseFailsEverythingAtOnce) {
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

TEST_F(H2SessionTest, BodiesAndExchangesMayOutliveTheirSession) {
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
  EXPECT_THAT(executor.Await(response->body->Read()), FailsWith(ErrorKind::kUnavailable));
  executor.RunUntilIdle();
  ASSERT_TRUE(waiting.is_done());
  EXPECT_THAT(waiting.Take(), FailsWith(ErrorKind::kUnavailable));
}

TEST_F(H2SessionTest, ADroppedReadLosesNothing) {
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

TEST_F(H2SessionTest, AStalledUploadFromABrowserIsEnded) {
  FakeService service(Echo);
  ManualSource source(executor);
  JoinedSessions joined(executor, limits, service);
  auto response =
      executor.Await(joined.client->Exchange(Post("/", std::make_unique<ManualBody>(source))));
  ASSERT_THAT(response, IsOk());
  executor.Advance(limits.body_stall_timeout + 1s);
  EXPECT_EQ(joined.server->stream_count(), 0u);
}

TEST_F(H2SessionTest, AnOversizedHeadIsRefusedWith431) {
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
