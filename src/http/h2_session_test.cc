// A client session and a server session, joined in memory: what one exchange is.
#include "http/h2_session.h"

#include <gtest/gtest.h>

#include "http/h2_testing.h"

namespace berth::http {
namespace {

using namespace std::chrono_literals;
using namespace testing;  // NOLINT: the fixture's own vocabulary.

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

Task<Result<Response>> Dated(Request request) {
  if (request.head.target == "/none") co_return Unavailable("x");
  Response response = TextResponse(200, "text/plain", "x");
  if (request.head.target == "/own") response.head.fields.Add("date", "then");
  co_return response;
}

TEST_F(H2SessionTest, EveryResponseToABrowserHasADate) {
  FakeService service(Dated);
  for (const auto carrier : {H2Carrier::kBrowser, H2Carrier::kTunnel}) {
    JoinedSessions joined(executor, limits, service, {.carrier = carrier});
    for (const auto target : {"/", "/none", "/own"}) {
      auto fetched = executor.Await(Fetch(*joined.client, Get(target)));
      ASSERT_THAT(fetched, IsOk());
      const auto date = fetched->head.fields.Find("date");
      if (target == std::string_view("/own")) {
        EXPECT_EQ(date, "then");
      } else if (carrier == H2Carrier::kTunnel) {
        EXPECT_FALSE(date) << target;  // The hub adds it.
      } else {
        EXPECT_EQ(date.value_or("").size(), 29u) << target;
      }
      EXPECT_LE(fetched->head.fields.Count("date"), 1u);
    }
  }
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

TEST_F(H2SessionTest, AHeadOfTheSizeThatLimitsAllowPassesATunnel) {
  limits.request_head = 128 * 1024;
  const std::string large(50 * 1024, '~');  // Not shorter in Huffman's code.
  FakeService service([&large](Request request) -> Task<Result<Response>> {
    EXPECT_EQ(request.head.fields.Find("x-second"), large);
    Response response = TextResponse(200, "text/plain", "x");
    response.head.fields.Add("x-first", large);
    response.head.fields.Add("x-second", large);
    co_return response;
  });
  JoinedSessions joined(executor, limits, service, {.carrier = H2Carrier::kTunnel});
  Request request = Get("/");
  request.head.fields.Add("x-first", large);
  request.head.fields.Add("x-second", large);
  auto fetched = executor.Await(Fetch(*joined.client, std::move(request)));
  ASSERT_THAT(fetched, IsOk());
  EXPECT_EQ(fetched->head.fields.Find("x-second"), large);
  EXPECT_TRUE(joined.errors.empty());
}

TEST_F(H2SessionTest, AResponseHeadThatCannotBeSentIsA502) {
  ManualSource source(executor);
  FakeService service([&source](Request request) -> Task<Result<Response>> {
    Response response = TextResponse(200, "text/plain", "x");
    const auto size = request.head.fields.Find("x-size");
    if (!size) co_return response;
    response.head.fields.Add("x-large", std::string(std::stoul(std::string(*size)), '~'));
    response.body = std::make_unique<ManualBody>(source);
    co_return response;
  });
  limits.request_head = 100'000;
  for (const auto size : {"66000", "130000"}) {  // The first is too long for one field.
    JoinedSessions joined(executor, limits, service, {.carrier = H2Carrier::kTunnel});
    Request request = Get("/");
    request.head.fields.Add("x-size", size);
    auto fetched = executor.Await(Fetch(*joined.client, std::move(request)));
    ASSERT_THAT(fetched, IsOk()) << size;
    EXPECT_EQ(fetched->head.status, 502) << size;
    EXPECT_TRUE(source.is_gone);
    EXPECT_EQ(joined.server->stream_count(), 0u);
    EXPECT_THAT(executor.Await(Fetch(*joined.client, Get("/"))), IsOk()) << size;
    EXPECT_TRUE(joined.errors.empty());
  }
}

TEST_F(H2SessionTest, ARequestHeadThatCannotBeSentFailsAlone) {
  FakeService service(Hello);
  JoinedSessions joined(executor, limits, service, {.carrier = H2Carrier::kTunnel});
  Request request = Get("/");
  request.head.fields.Add("x-large", std::string(100'000, '~'));
  EXPECT_THAT(executor.Await(Fetch(*joined.client, std::move(request))),
              FailsWith(ErrorKind::kTooLarge));
  EXPECT_EQ(joined.client->stream_count(), 0u);
  EXPECT_THAT(executor.Await(Fetch(*joined.client, Get("/"))), IsOk());
  EXPECT_EQ(service.calls, 1);
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

Task<Result<Response>> ManyHints(int count, Request request, std::string hint = "") {
  Fields fields;
  if (!hint.empty()) fields.Add("link", hint);
  for (int i = 0; i < count; ++i) request.interim({.status = 103, .fields = fields});
  co_return TextResponse(200, "text/plain", "done");
}

TEST_F(H2SessionTest, DropsInterimResponsesBeyondABound) {
  FakeService service([](Request request) { return ManyHints(100, std::move(request)); });
  JoinedSessions joined(executor, limits, service);
  int seen = 0;
  Request request = Get("/");
  request.interim = [&seen](const ResponseHead&) { ++seen; };
  auto fetched = executor.Await(Fetch(*joined.client, std::move(request)));
  ASSERT_THAT(fetched, IsOk());
  EXPECT_EQ(fetched->body, "done");
  EXPECT_EQ(seen, kMostInterims);
}

TEST_F(H2SessionTest, AFloodOfInterimResponsesEndsTheConnection) {
  FakeService service([](Request request) { return ManyHints(2000, std::move(request)); });
  JoinedSessions joined(executor, limits, service);
  (void)executor.Await(Fetch(*joined.client, Get("/")));
  ASSERT_FALSE(joined.errors.empty());
  EXPECT_EQ(joined.errors.front().kind, ErrorKind::kTooLarge);
  EXPECT_TRUE(joined.client->is_finished());
}

TEST_F(H2SessionTest, FewerLargeInterimResponsesAreAFlood) {
  FakeService service(
      [](Request request) { return ManyHints(200, std::move(request), std::string(20'000, 'x')); });
  JoinedSessions joined(executor, limits, service);
  (void)executor.Await(Fetch(*joined.client, Get("/")));
  ASSERT_FALSE(joined.errors.empty());
  EXPECT_EQ(joined.errors.front().kind, ErrorKind::kTooLarge);
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

/// Accepts an upgrade; `instance` is what the service says.
Response AcceptFor(ManualSource& instance, Request request) {
  Response response;
  response.head.status = 101;
  response.body = std::make_unique<BothWays>(instance, std::move(request.body));
  return response;
}

TEST_F(H2SessionTest, TheLastWordsOfAnUpgradedServiceArrive) {
  ManualSource instance(executor);
  FakeService service([&instance](Request request) -> Task<Result<Response>> {
    co_return AcceptFor(instance, std::move(request));
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

TEST_F(H2SessionTest, AnAcceptedUpgradeWhoseHeadCannotBeSentIsA502) {
  ManualSource instance(executor);
  FakeService service([&instance](Request request) -> Task<Result<Response>> {
    auto response = AcceptFor(instance, std::move(request));
    response.head.fields.Add("x-large", std::string(66'000, '~'));
    co_return response;
  });
  JoinedSessions joined(executor, limits, service, {.carrier = H2Carrier::kTunnel});
  ManualSource browser(executor);
  auto response = executor.Await(
      joined.client->Exchange(Upgrade("/ws", std::make_unique<ManualBody>(browser))));
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->head.status, 502);
  executor.RunUntilIdle();
  EXPECT_TRUE(instance.is_gone);
  EXPECT_EQ(joined.server->stream_count(), 0u);
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

}  // namespace
}  // namespace berth::http
