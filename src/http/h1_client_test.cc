#include "http/h1_client.h"

#include "http/h1_client_testing.h"
#include "http/header_rules.h"
#include "http/websocket_handshake.h"

namespace berth::http {
namespace {

using namespace std::chrono_literals;
using namespace testing;  // NOLINT: the fixture's own vocabulary.

class H1ClientTest : public H1ClientFixture {};

TEST_F(H1ClientTest, SendsTheRequestAndReadsTheResponse) {
  Request request = Get("/a?b");
  request.head.fields.Add("accept", "x");
  for (const std::string_view dropped :
       {"connection", "transfer-encoding", "content-length", "upgrade", "expect", "host"}) {
    request.head.fields.Add(dropped, "y");
  }
  auto response = Ask(std::move(request), 0,
                      "HTTP/1.1 201 Created\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello");
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(origin_[0].received, "GET /a?b HTTP/1.1\r\nhost: localhost:3001\r\naccept: x\r\n\r\n");
  EXPECT_EQ(response->head.status, 201);
  EXPECT_EQ(response->head.fields.Find("x-a"), "b");
  EXPECT_EQ(response->body->length(), 5u);
  EXPECT_EQ(Text(response).value_or("-"), "hello");
}

TEST_F(H1ClientTest, AHeadWaitsAMomentForTheBodyThatItAnnounces) {
  auto exchange = Begin(Get(), 0, kHeadOfFive);
  EXPECT_FALSE(exchange.is_done());
  origin_.Say(0, "hel");
  auto response = testing::Finish(executor_, std::move(exchange));
  ASSERT_THAT(response, IsOk());
  origin_.Say(0, "lo");
  EXPECT_EQ(Text(response).value_or("-"), "hello");
  EXPECT_EQ(client_.idle_connections(), 1u);
}

TEST_F(H1ClientTest, AHeadWaitsNoLongerThanThatMoment) {
  auto exchange = Begin(Get(), 0, kHeadOfFive);
  executor_.Advance(1ms);
  auto response = testing::Finish(executor_, std::move(exchange));
  ASSERT_THAT(response, IsOk());
  origin_.Say(0, "hello");  // Nothing of it is lost.
  EXPECT_EQ(Text(response).value_or("-"), "hello");
}

TEST_F(H1ClientTest, AHeadWithoutALengthWaitsForNothing) {
  auto response = Ask(Get(), 0, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
  ASSERT_THAT(response, IsOk());
  origin_.Say(0, "2\r\nok\r\n0\r\n\r\n");
  EXPECT_EQ(Text(response).value_or("-"), "ok");
}

TEST_F(H1ClientTest, ABodyThatBreaksBeforeItBeginsIsAnErrorOfTheBody) {
  auto exchange = Begin(Get(), 0, kHeadOfFive);
  EXPECT_FALSE(exchange.is_done());
  origin_[0].stream->Close();
  auto response = testing::Finish(executor_, std::move(exchange));
  ASSERT_THAT(response, IsOk());
  EXPECT_THAT(Text(response), FailsWith(ErrorKind::kUnavailable));
}

TEST_F(H1ClientTest, SaysThatTheOriginIsAway) {
  origin_.is_away = true;
  EXPECT_THAT(executor_.Await(client_.Exchange(Get())), FailsWith(ErrorKind::kUnavailable));
  EXPECT_EQ(client_.open_connections(), 0u);
}

TEST_F(H1ClientTest, StreamsTheRequestBody) {
  Event gate(executor_);
  auto exchange = client_.Exchange(
      Post(std::make_unique<PieceBody>(std::vector<std::string>{"one", "two!"}, &gate)));
  exchange.Start();
  executor_.RunUntilIdle();
  EXPECT_TRUE(origin_[0].received.ends_with("transfer-encoding: chunked\r\n\r\n"));
  for (const std::string_view expected : {"\r\n3\r\none\r\n", "\r\n4\r\ntwo!\r\n", "0\r\n\r\n"}) {
    gate.Set();
    executor_.RunUntilIdle();
    EXPECT_TRUE(origin_[0].received.ends_with(expected)) << origin_[0].received;
  }
  origin_.Say(0, "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_THAT(testing::Finish(executor_, std::move(exchange)), IsOk());
  EXPECT_EQ(client_.idle_connections(), 1u);
}

TEST_F(H1ClientTest, SendsAKnownLength) {
  ASSERT_THAT(Ask(Post(std::make_unique<TextBody>("hello")), 0,
                  "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
              IsOk());
  EXPECT_TRUE(origin_[0].received.ends_with("content-length: 5\r\n\r\nhello"));
  ASSERT_THAT(Ask(Post(nullptr), 0, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"), IsOk());
  EXPECT_TRUE(origin_[0].received.ends_with("content-length: 0\r\n\r\n"));
}

TEST_F(H1ClientTest, TakesAnEarlyResponseAndGoesOnSending) {
  Event gate(executor_);
  auto response =
      Ask(Post(std::make_unique<PieceBody>(std::vector<std::string>{"one", "two"}, &gate)), 0,
          "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel");
  ASSERT_THAT(response, IsOk());
  gate.Set();
  executor_.RunUntilIdle();
  EXPECT_TRUE(origin_[0].received.ends_with("\r\none\r\n"));
  origin_.Say(0, "lo");
  EXPECT_EQ(Text(response).value_or("-"), "hello");
  gate.Set();
  executor_.RunUntilIdle();
  EXPECT_TRUE(origin_[0].received.ends_with("\r\ntwo\r\n"));
  response->body.reset();
  executor_.RunUntilIdle();
  EXPECT_TRUE(origin_[0].ended);
}

TEST_F(H1ClientTest, ReadsAnAnswerThatComesInsteadOfReadingTheBody) {
  auto exchange = client_.Exchange(Post(std::make_unique<TextBody>(std::string(500'000, 'x'))));
  exchange.Start();
  executor_.RunUntilIdle();
  origin_[0].collecting.Reset();
  origin_.Say(0, "HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n");
  origin_[0].stream->Close();
  auto response = testing::Finish(executor_, std::move(exchange));
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->head.status, 413);
}

TEST_F(H1ClientTest, AFailingRequestBodyEndsTheExchange) {
  struct Broken : Body {
    Task<Result<MutableBytes>> Read() override { co_return Invalid("bad chunk"); }
  };
  EXPECT_THAT(executor_.Await(client_.Exchange(Post(std::make_unique<Broken>()))),
              FailsWith(ErrorKind::kInvalid));
  executor_.RunUntilIdle();
  EXPECT_TRUE(origin_[0].ended);
  EXPECT_EQ(client_.open_connections(), 0u);
}

TEST_F(H1ClientTest, DroppingTheExchangeClosesItsConnection) {
  auto exchange = client_.Exchange(Get());
  exchange.Start();
  executor_.RunUntilIdle();
  exchange.Reset();
  executor_.RunUntilIdle();
  EXPECT_TRUE(origin_[0].ended);
  EXPECT_EQ(client_.open_connections(), 0u);
}

TEST_F(H1ClientTest, DroppingAnUnfinishedBodyClosesItsConnection) {
  auto response = Ask(Get(), 0, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel");
  ASSERT_THAT(response, IsOk());
  response->body.reset();
  executor_.RunUntilIdle();
  EXPECT_TRUE(origin_[0].ended);
}

TEST_F(H1ClientTest, ReadsUntilTheEndOfTheConnection) {
  auto response = Ask(Get(), 0, "HTTP/1.0 200 OK\r\n\r\nhel");
  ASSERT_THAT(response, IsOk());
  origin_.Say(0, "lo");
  ASSERT_THAT(executor_.Await(origin_[0].stream->ShutdownWrite()), IsOk());
  EXPECT_EQ(Text(response).value_or("-"), "hello");
  EXPECT_EQ(client_.open_connections(), 0u);
}

TEST_F(H1ClientTest, ReportsABodyCutShort) {
  for (const std::string_view head :
       {"content-length: 5\r\n\r\nhel", "transfer-encoding: chunked\r\n\r\n5\r\nhel"}) {
    auto response = Ask(Get(), origin_.size(), "HTTP/1.1 200 OK\r\n" + std::string(head));
    ASSERT_THAT(response, IsOk());
    ASSERT_THAT(executor_.Await(origin_[origin_.size() - 1].stream->ShutdownWrite()), IsOk());
    EXPECT_THAT(Text(response), FailsWith(ErrorKind::kUnavailable));
    response->body.reset();
  }
}

TEST_F(H1ClientTest, RefusesWhatIsNotHttp) {
  for (const std::string_view answer :
       {"SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 200 OK\nx: y\n\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n"}) {
    EXPECT_THAT(Ask(Get(), origin_.size(), answer), FailsWith(ErrorKind::kInvalid)) << answer;
  }
  EXPECT_THAT(Ask(Get(), origin_.size(), "HTTP/1.1 200 OK\r\nx: " + std::string(65'516, 'y')),
              FailsWith(ErrorKind::kTooLarge));
  EXPECT_EQ(client_.open_connections(), 0u);
}

TEST_F(H1ClientTest, SendsNothingThatItCannotWrite) {
  for (const std::string_view target : {"//evil/", "http://evil/", "/a b", "/a\r\nx: y", "a", ""}) {
    EXPECT_THAT(executor_.Await(client_.Exchange(Get(std::string(target)))),
                FailsWith(ErrorKind::kInvalid));
  }
  for (std::size_t i = 0; i < origin_.size(); ++i) EXPECT_EQ(origin_[i].received, "");
}

TEST_F(H1ClientTest, PassesInterimResponses) {
  std::vector<int> seen;
  Request request = Get();
  request.interim = [&](const ResponseHead& head) { seen.push_back(head.status); };
  auto response = Ask(std::move(request), 0,
                      "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
                      "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(seen, (std::vector<int>{102, 103}));
}

TEST_F(H1ClientTest, AnUpgradeStillSaysWhatBelongsToItsHop) {
  Request request = Get();
  request.head.protocol = "websocket";
  auto exchange = Begin(std::move(request), 0, "HTTP/1.1 101 Switching Protocols\r\n");
  const std::string& asked = origin_[0].received;
  const std::string key = asked.substr(asked.find("sec-websocket-key: ") + 19, 24);
  origin_.Say(0,
              "upgrade: websocket\r\nconnection: upgrade, x-gone\r\nx_gone: 1\r\n"
              "content-length: 5\r\nsec-websocket-accept: " +
                  WebSocketAccept(key) + "\r\n\r\n");
  auto response = testing::Finish(executor_, std::move(exchange));
  ASSERT_THAT(response, IsOk());
  EXPECT_FALSE(response->head.fields.Has("sec-websocket-accept"));
  EXPECT_FALSE(response->head.fields.Has("content-length"));
  RemoveHopByHop(response->head.fields);  // As whoever passes it on does.
  EXPECT_TRUE(response->head.fields.empty());
}

TEST_F(H1ClientTest, DropsInterimResponsesBeyondABound) {
  int seen = 0;
  Request request = Get();
  request.interim = [&](const ResponseHead&) { ++seen; };
  std::string answer;
  for (int i = 0; i < 100; ++i) answer += "HTTP/1.1 102 Processing\r\n\r\n";
  auto response = Ask(std::move(request), 0, answer + "HTTP/1.1 204 No Content\r\n\r\n");
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->head.status, 204);
  EXPECT_EQ(seen, kMostInterims);
}

TEST(H1ClientLifeTest, AResponseOutlivesTheClient) {
  TestExecutor executor;
  Limits limits;
  Origin origin(executor);
  auto client = std::make_unique<H1Client>(executor, limits, origin.connector());
  auto exchange = client->Exchange(Get());
  exchange.Start();
  executor.RunUntilIdle();
  origin.Say(0, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
  auto response = testing::Finish(executor, std::move(exchange));
  ASSERT_THAT(response, IsOk());
  client.reset();
  EXPECT_EQ(executor.Await(ReadAll(response->body.get(), 10)).value_or("-"), "hello");
  executor.RunUntilIdle();
  EXPECT_TRUE(origin[0].ended);
}

TEST(H1ClientLifeTest, ReadsResponsesByteByByte) {
  TestExecutor executor;
  Limits limits;
  Origin origin(executor, 1);
  H1Client client(executor, limits, origin.connector());
  for (int i = 0; i < 3; ++i) {
    auto exchange = client.Exchange(Get());
    exchange.Start();
    executor.RunUntilIdle();
    origin.Say(0,
               "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n"
               "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    auto response = testing::Finish(executor, std::move(exchange));
    ASSERT_THAT(response, IsOk());
    EXPECT_EQ(executor.Await(ReadAll(response->body.get(), 10)).value_or("-"), "abcde");
  }
  EXPECT_EQ(origin.size(), 1u);
}

}  // namespace
}  // namespace berth::http
