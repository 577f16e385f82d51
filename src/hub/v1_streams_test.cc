// Requests to a version-1 instance, whose end of the wire the test is.
#include "hub/v1_streams.h"

#include <gmock/gmock.h>

#include "control/stream_fields.h"
#include "http/body_testing.h"
#include "http/request_testing.h"
#include "hub/hub_testing.h"
#include "net/buffer_pool.h"

namespace berth::hub {
namespace {

using ::berth::testing::FailsWith;
using ::berth::testing::IsOk;
using http::testing::MakeRequest;

struct V1StreamsTest : testing::HubFixture {
  std::vector<control::HttpProxyRequest> sent;
  std::optional<Error> send_error;
  int idle = 0;
  std::shared_ptr<V1Calls> calls = std::make_shared<V1Calls>(
      "box-1", limits.tunnel_streams,
      [this](const control::Message& message) -> Result<void> {
        if (send_error) return *send_error;
        sent.push_back(std::get<control::HttpProxyRequest>(message));
        return Ok();
      },
      [this] { ++idle; }, SystemRandom());
  V1Streams streams{hub};

  V1StreamsTest() { streams.SetCalls(calls); }

  static http::Request Post(std::string text) {
    return MakeRequest("/upload", std::make_unique<http::TextBody>(std::move(text)));
  }
  /// Started: what it needs from the instance is in `sent`.
  Task<Result<http::Response>> Begin(http::Request request) {
    auto exchange = streams.Exchange(std::move(request));
    exchange.Start();
    executor.RunUntilIdle();
    return exchange;
  }
  bool Answer(const std::string& id, std::string body, control::Headers headers = {},
              std::int64_t status = 200) {
    const bool is_taken = calls->Deliver(control::HttpProxyResponse{.request_id = id,
                                                                    .status = status,
                                                                    .headers = std::move(headers),
                                                                    .body = std::move(body)});
    executor.RunUntilIdle();
    return is_taken;
  }
  std::string Body(http::Response& response) {
    return executor.Await(http::ReadAll(response.body.get(), 1 << 20)).value();
  }
  /// "502 instance-failed"
  static std::string ErrorOf(const Result<http::Response>& response) {
    if (!response) return response.error().ToString();
    const auto error = response->head.fields.Find(control::kErrorField);
    return fmt::format("{} {}", response->head.status, error.value_or("of the instance"));
  }
};

TEST_F(V1StreamsTest, ARequestIsOneMessageAndItsAnswerAnother) {
  auto request = MakeRequest("/api/x?a=1&b=%20", std::make_unique<http::TextBody>("h\xc3\xa9llo"));
  request.head.fields.Add("x-one", "1");
  request.head.fields.Add("x-forwarded-prefix", "/clients/box-1/proxy");
  auto exchange = Begin(std::move(request));
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].method, "POST");
  EXPECT_EQ(sent[0].path, "/api/x");
  EXPECT_EQ(sent[0].query, "a=1&b=%20");
  EXPECT_EQ(sent[0].body, "h\xc3\xa9llo");
  EXPECT_EQ(sent[0].proxy_base, "/clients/box-1/proxy");
  EXPECT_THAT(sent[0].headers,
              ::testing::Contains(std::pair<std::string, std::string>("x-one", "1")));
  EXPECT_FALSE(exchange.is_done());
  EXPECT_TRUE(Answer(sent[0].request_id, "made", {{"X-Twice", "1"}, {"x-twice", "2"}}, 201));
  ASSERT_TRUE(exchange.is_done());
  auto response = exchange.Take();
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->head.status, 201);
  EXPECT_EQ(response->head.fields.Count("x-twice"), 2U);
  EXPECT_EQ(Body(*response), "made");
  EXPECT_EQ(calls->size(), 0U);
}

TEST_F(V1StreamsTest, TheReservedPathReachesNoInstanceInAnySpelling) {
  for (const char* target : {"/.berth/secret", "/.berth", "/%2ebert%68/x?y", "/a/..//.berth/x"}) {
    for (const bool is_upgrade : {false, true}) {
      auto request = MakeRequest(target);
      if (is_upgrade) request.head.protocol = "websocket";
      auto response = executor.Await(streams.Exchange(std::move(request)));
      ASSERT_THAT(response, IsOk());
      EXPECT_EQ(response->head.status, 404) << target;
    }
  }
  EXPECT_TRUE(sent.empty());
  auto exchange = Begin(MakeRequest("/.berths"));
  EXPECT_EQ(sent.size(), 1U);
}

TEST_F(V1StreamsTest, AnswersReachTheirOwnRequestsInWhateverOrder) {
  std::vector<Task<Result<http::Response>>> exchanges;
  for (int i = 0; i < 20; ++i) exchanges.push_back(Begin(MakeRequest(fmt::format("/{}", i))));
  ASSERT_EQ(sent.size(), 20U);
  for (int i = 19; i >= 0; --i) {
    const auto at = static_cast<std::size_t>(i);
    EXPECT_FALSE(exchanges[at].is_done());
    EXPECT_TRUE(Answer(sent[at].request_id, sent[at].path));
    EXPECT_FALSE(Answer(sent[at].request_id, "again"));
    ASSERT_TRUE(exchanges[at].is_done());
    auto response = exchanges[at].Take();
    EXPECT_EQ(Body(*response), fmt::format("/{}", i));
  }
}

TEST_F(V1StreamsTest, ACancelledRequestIsForgotten) {
  auto exchange = Begin(MakeRequest("/gone"));
  auto other = Begin(MakeRequest("/stays"));
  exchange.Reset();
  EXPECT_EQ(calls->size(), 1U);
  EXPECT_EQ(idle, 0);
  EXPECT_FALSE(Answer(sent[0].request_id, "too late"));
  EXPECT_TRUE(Answer(sent[1].request_id, "fine"));
  auto response = other.Take();
  EXPECT_EQ(Body(*response), "fine");
  EXPECT_EQ(idle, 1);
}

TEST_F(V1StreamsTest, AnInstanceThatGoesFailsItsRequestsAtOnce) {
  auto one = Begin(MakeRequest("/a"));
  auto two = Begin(MakeRequest("/b"));
  calls->Close();
  executor.RunUntilIdle();
  ASSERT_TRUE(one.is_done() && two.is_done());
  EXPECT_THAT(one.Take(), FailsWith(ErrorKind::kUnavailable));
  EXPECT_THAT(two.Take(), FailsWith(ErrorKind::kUnavailable));
  EXPECT_THAT(executor.Await(streams.Exchange(MakeRequest("/c"))),
              FailsWith(ErrorKind::kUnavailable));
  V1Streams unconnected{hub};
  EXPECT_THAT(executor.Await(unconnected.Exchange(MakeRequest("/c"))),
              FailsWith(ErrorKind::kUnavailable));
}

TEST_F(V1StreamsTest, WhatIsNoTextIsRefusedAndNeverAltered) {
  for (const std::string& bytes :
       {std::string("\x89PNG\xff"), std::string("\xc3"), std::string("\xed\xa0\x80")}) {
    auto response = executor.Await(streams.Exchange(Post(bytes)));
    ASSERT_THAT(response, IsOk());
    EXPECT_EQ(response->head.status, 415);
    EXPECT_EQ(response->head.fields.Find("content-type"), "application/problem+json");
  }
  EXPECT_TRUE(sent.empty());
  EXPECT_EQ(calls->size(), 0U);
}

TEST_F(V1StreamsTest, WhatIsTooLargeIsRefusedWhetherItSaysSoOrNot) {
  limits.version1_request = 1000;
  EXPECT_EQ(executor.Await(streams.Exchange(Post(std::string(1001, 'x'))))->head.status, 413);
  auto unsized = MakeRequest("/upload", std::make_unique<http::testing::PieceBody>(
                                            std::vector<std::string>{std::string(1001, 'x')}));
  EXPECT_EQ(executor.Await(streams.Exchange(std::move(unsized)))->head.status, 413);
  EXPECT_TRUE(sent.empty());
  auto fits = Begin(Post(std::string(1000, 'x')));
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].body, std::string(1000, 'x'));
}

/// Ready for a hundred times, one after the other.
Task<void> BeBusy(Executor& executor, int& times) {
  while (times < 100) {
    co_await Yield(executor);
    ++times;
  }
}

/// The next piece's size, and how often others had their turn before it came.
Task<void> ReadPiece(http::Body& body, const int& times, std::size_t& size, int& seen) {
  auto piece = co_await body.Read();
  size = piece.value().size();
  seen = times;
}

TEST_F(V1StreamsTest, ALargeAnswerComesInPiecesAndOthersHaveTheirTurnBetween) {
  auto exchange = Begin(MakeRequest("/large"));
  Answer(sent[0].request_id, std::string(3 * net::kMostRead + 1, 'x'));
  auto response = exchange.Take();
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->body->length(), 3 * net::kMostRead + 1);
  std::vector<std::size_t> sizes(5);
  for (std::size_t& size : sizes) {
    int times = 0;
    int seen = 0;
    auto reading = ReadPiece(*response->body, times, size, seen);
    reading.Start();
    auto busy = BeBusy(executor, times);
    busy.Start();
    executor.RunUntilIdle();
    ASSERT_TRUE(reading.is_done());
    const bool is_first_or_end = &size == &sizes.front() || &size == &sizes.back();
    EXPECT_EQ(seen, is_first_or_end ? 0 : 100);
  }
  EXPECT_EQ(sizes,
            (std::vector<std::size_t>{net::kMostRead, net::kMostRead, net::kMostRead, 1, 0}));
}

TEST_F(V1StreamsTest, Base64IsDecodedAndNotMentioned) {
  auto exchange = Begin(MakeRequest("/a.png"));
  Answer(sent[0].request_id, "iVBORw0K/wA=",
         {{"content-type", "image/png"}, {"X-Orch-Encoding", "Base64"}, {"content-length", "12"}});
  auto response = exchange.Take();
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(Body(*response), std::string("\x89PNG\r\n\xff\0", 8));
  EXPECT_FALSE(response->head.fields.Has("x-orch-encoding"));
  EXPECT_FALSE(response->head.fields.Has("content-length"));
  EXPECT_EQ(response->head.fields.Find("content-type"), "image/png");
}

TEST_F(V1StreamsTest, ABrokenAnswerFailsItsRequestAlone) {
  const std::vector<std::pair<control::Headers, std::string>> broken = {
      {{{"x-orch-encoding", "base64"}}, "&&&"},
      {{{"x-orch-encoding", "gzip"}}, "x"},
      {{{"a", "b\r\nc: d"}}, "x"},
      {{{"a b", "c"}}, "x"}};
  auto waiting = Begin(MakeRequest("/waits"));
  for (const auto& [headers, body] : broken) {
    auto exchange = Begin(MakeRequest("/broken"));
    Answer(sent.back().request_id, body, headers);
    EXPECT_EQ(ErrorOf(exchange.Take()), "502 instance-invalid") << headers[0].first;
  }
  for (const std::int64_t status : {0, 101, 199, 600}) {
    auto exchange = Begin(MakeRequest("/broken"));
    Answer(sent.back().request_id, "x", {}, status);
    EXPECT_EQ(ErrorOf(exchange.Take()), "502 instance-invalid") << status;
  }
  EXPECT_FALSE(waiting.is_done());
}

TEST_F(V1StreamsTest, AnErrorOfTheInstanceIsA502OrA403) {
  for (const bool is_auth : {false, true}) {
    auto exchange = Begin(MakeRequest("/x"));
    EXPECT_TRUE(calls->Deliver(control::ErrorMessage{
        .request_id = sent.back().request_id, .message = "it broke", .auth_error = is_auth}));
    executor.RunUntilIdle();
    auto response = exchange.Take();
    ASSERT_THAT(response, IsOk());
    EXPECT_EQ(ErrorOf(response), is_auth ? "403 of the instance" : "502 instance-failed");
    EXPECT_EQ(Body(*response).find("it broke"), std::string::npos);
  }
}

TEST_F(V1StreamsTest, AnInstanceThatDoesNotReadItsMessagesIsUnavailable) {
  send_error = TooLarge("the queue is full");
  EXPECT_THAT(executor.Await(streams.Exchange(MakeRequest("/x"))),
              FailsWith(ErrorKind::kUnavailable));
  EXPECT_EQ(calls->size(), 0U);
}

TEST_F(V1StreamsTest, ThereMayBeAsManyAtOnceAsInATunnel) {
  std::vector<Task<Result<http::Response>>> exchanges;
  for (std::uint64_t i = 0; i < limits.tunnel_streams; ++i)
    exchanges.push_back(Begin(MakeRequest("/x")));
  EXPECT_EQ(sent.size(), limits.tunnel_streams);
  EXPECT_THAT(executor.Await(streams.Exchange(MakeRequest("/x"))),
              FailsWith(ErrorKind::kUnavailable));
  exchanges.pop_back();
  EXPECT_FALSE(Begin(MakeRequest("/x")).is_done());
}

TEST_F(V1StreamsTest, ThePagesQuestionForItsSocketsLeadsBackThroughTheHub) {
  auto request = MakeRequest("/api/clients/box-1/ws-info");
  request.head.fields.Add("x-forwarded-host", "hub.example");
  request.head.fields.Add("x-forwarded-proto", "https");
  request.head.fields.Add("x-forwarded-prefix", "/clients/box-1/proxy");
  auto response = executor.Await(streams.Exchange(std::move(request)));
  EXPECT_EQ(Body(*response),
            R"({"ws_base":"wss://hub.example/clients/box-1/proxy","is_local":false})");
  EXPECT_TRUE(sent.empty());
  auto of_another = Begin(MakeRequest("/api/clients/box-2/ws-info"));
  EXPECT_EQ(sent.size(), 1U);
}

}  // namespace
}  // namespace berth::hub
