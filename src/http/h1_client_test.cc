#include "http/h1_client.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/result_testing.h"
#include "http/h1_testing.h"

namespace berth::http {
namespace {

using namespace std::chrono_literals;
using berth::testing::FailsWith;
using berth::testing::IsOk;
using berth::testing::TestExecutor;
using testing::FakeService;
using testing::PieceBody;

constexpr std::string_view kHeadOfFive = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";

/// An instance under the test's control: every connection that the client opens.
class Origin {
 public:
  explicit Origin(TestExecutor& executor, std::size_t fragment = 0)
      : executor_(executor), fragment_(fragment) {}

  H1Client::Connector connector() {
    return [this] { return Connect(*this); };
  }
  struct Connection {
    net::StreamPtr stream;
    std::string received;
    bool ended = false;
    Task<void> collecting;
  };
  Connection& operator[](std::size_t index) { return *connections_.at(index); }
  std::size_t size() const { return connections_.size(); }
  void Say(std::size_t index, std::string_view text) {
    auto task = net::testing::WriteText(*connections_.at(index)->stream, std::string(text));
    ASSERT_THAT(executor_.Await(std::move(task)), IsOk());
  }
  bool is_away = false;

 private:
  static Task<Result<net::StreamPtr>> Connect(Origin& origin) {
    co_await Yield(origin.executor_);
    if (origin.is_away) co_return Unavailable("refused");
    auto [mine, theirs] = net::testing::MakePipe(origin.executor_, {.fragment = origin.fragment_});
    auto connection = std::make_unique<Connection>();
    connection->stream = std::move(mine);
    connection->collecting =
        testing::Collect(*connection->stream, connection->received, connection->ended);
    connection->collecting.Start();
    origin.connections_.push_back(std::move(connection));
    co_return std::move(theirs);
  }

  TestExecutor& executor_;
  std::size_t fragment_;
  std::deque<std::unique_ptr<Connection>> connections_;
};

Request Get(std::string target = "/", std::string method = "GET") {
  Request request;
  request.head.method = std::move(method);
  request.head.scheme = "http";
  request.head.authority = "localhost:3001";
  request.head.target = std::move(target);
  return request;
}

Request Post(BodyPtr body) {
  Request request = Get("/", "POST");
  request.body = std::move(body);
  return request;
}

class H1ClientTest : public ::testing::Test {
 protected:
  /// Sends the request and answers it on connection `index` with `answer`, the whole or a part.
  Task<Result<Response>> Begin(Request request, std::size_t index, std::string_view answer) {
    auto exchange = client_.Exchange(std::move(request));
    exchange.Start();
    executor_.RunUntilIdle();
    origin_.Say(index, answer);
    executor_.RunUntilIdle();
    return exchange;
  }
  Result<Response> Ask(Request request, std::size_t index, std::string_view answer) {
    return testing::Finish(executor_, Begin(std::move(request), index, answer));
  }
  Result<std::string> Text(Result<Response>& response) {
    return executor_.Await(ReadAll(response->body.get(), 1'000'000));
  }

  TestExecutor executor_;
  Limits limits_;
  Origin origin_{executor_};
  H1Client client_{executor_, limits_, origin_.connector()};
};

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

TEST_F(H1ClientTest, ReusesTheConnectionUsedLast) {
  auto first = client_.Exchange(Get("/1"));
  auto second = client_.Exchange(Get("/2"));
  first.Start();
  second.Start();
  executor_.RunUntilIdle();
  ASSERT_EQ(origin_.size(), 2u);
  origin_.Say(0, "HTTP/1.1 204 No Content\r\n\r\n");
  ASSERT_THAT(testing::Finish(executor_, std::move(first)), IsOk());
  origin_.Say(1, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  ASSERT_THAT(testing::Finish(executor_, std::move(second)), IsOk());
  EXPECT_EQ(client_.idle_connections(), 2u);
  auto response = Ask(Get("/3"), 1,
                      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
                      "2\r\nok\r\n0\r\n\r\n");
  EXPECT_EQ(Text(response).value_or("-"), "ok");
  EXPECT_EQ(client_.idle_connections(), 2u);
  EXPECT_EQ(client_.open_connections(), 2u);
}

TEST_F(H1ClientTest, ClosesIdleConnectionsInTime) {
  ASSERT_THAT(Ask(Get(), 0, "HTTP/1.1 204 No Content\r\n\r\n"), IsOk());
  executor_.Advance(limits_.instance_idle - 1ms);
  EXPECT_FALSE(origin_[0].ended);
  executor_.Advance(1ms);
  EXPECT_TRUE(origin_[0].ended);
  EXPECT_EQ(client_.open_connections(), 0u);
}

TEST_F(H1ClientTest, NoticesThatAnIdleConnectionWasClosed) {
  ASSERT_THAT(Ask(Get(), 0, "HTTP/1.1 204 No Content\r\n\r\n"), IsOk());
  origin_[0].stream->Close();
  executor_.RunUntilIdle();
  EXPECT_EQ(client_.open_connections(), 0u);
  ASSERT_THAT(Ask(Get(), 1, "HTTP/1.1 204 No Content\r\n\r\n"), IsOk());
  origin_.Say(1, "HTTP/1.1 408 Request Timeout\r\n\r\n");  // Nobody asked.
  executor_.RunUntilIdle();
  EXPECT_EQ(client_.open_connections(), 0u);
}

TEST_F(H1ClientTest, RepeatsASafeRequestWhenAReusedConnectionIsClosed) {
  ASSERT_THAT(Ask(Get(), 0, "HTTP/1.1 204 No Content\r\n\r\n"), IsOk());
  auto exchange = client_.Exchange(Get("/again"));
  exchange.Start();
  executor_.RunUntilIdle();
  origin_[0].stream->Close();
  executor_.RunUntilIdle();
  ASSERT_EQ(origin_.size(), 2u);
  EXPECT_TRUE(origin_[1].received.starts_with("GET /again "));
  origin_.Say(1, "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_THAT(testing::Finish(executor_, std::move(exchange)), IsOk());
  EXPECT_EQ(client_.open_connections(), 1u);
}

TEST_F(H1ClientTest, DoesNotRepeatOtherRequests) {
  for (const bool with_body : {true, false}) {
    ASSERT_THAT(Ask(Get(), origin_.size(), "HTTP/1.1 204 No Content\r\n\r\n"), IsOk());
    const std::size_t connections = origin_.size();
    auto exchange = client_.Exchange(Post(with_body ? std::make_unique<TextBody>("x") : nullptr));
    exchange.Start();
    executor_.RunUntilIdle();
    origin_[connections - 1].stream->Close();
    EXPECT_THAT(testing::Finish(executor_, std::move(exchange)),
                FailsWith(ErrorKind::kUnavailable));
    EXPECT_EQ(origin_.size(), connections);
  }
}

TEST_F(H1ClientTest, DoesNotRepeatOnAFreshConnection) {
  auto exchange = client_.Exchange(Get());
  exchange.Start();
  executor_.RunUntilIdle();
  origin_[0].stream->Close();
  EXPECT_THAT(testing::Finish(executor_, std::move(exchange)), FailsWith(ErrorKind::kUnavailable));
  EXPECT_EQ(origin_.size(), 1u);
  EXPECT_EQ(client_.open_connections(), 0u);
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

TEST_F(H1ClientTest, BoundsInterimResponses) {
  std::string answer;
  for (int i = 0; i < 70; ++i) answer += "HTTP/1.1 102 Processing\r\n\r\n";
  EXPECT_THAT(Ask(Get(), 0, answer), FailsWith(ErrorKind::kInvalid));
}

TEST_F(H1ClientTest, WaitsInOrderForAFreeConnection) {
  limits_.instance_connections = 1;
  auto first = client_.Exchange(Get("/1"));
  auto second = client_.Exchange(Get("/2"));
  auto third = client_.Exchange(Get("/3"));
  auto fourth = client_.Exchange(Get("/4"));
  for (auto* task : {&first, &second, &third, &fourth}) task->Start();
  executor_.RunUntilIdle();
  ASSERT_EQ(origin_.size(), 1u);
  third.Reset();  // Gives its place up.
  origin_.Say(0, "HTTP/1.1 204 No Content\r\n\r\n");
  ASSERT_THAT(testing::Finish(executor_, std::move(first)), IsOk());
  executor_.RunUntilIdle();
  ASSERT_EQ(origin_.size(), 1u);
  EXPECT_TRUE(origin_[0].received.find("GET /2 ") != std::string::npos);
  second.Reset();  // Closes the connection; the next gets a new one.
  executor_.RunUntilIdle();
  ASSERT_EQ(origin_.size(), 2u);
  EXPECT_TRUE(origin_[1].received.starts_with("GET /4 "));
  origin_.Say(1, "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_THAT(testing::Finish(executor_, std::move(fourth)), IsOk());
}

TEST_F(H1ClientTest, DoesNotWaitForEverForAFreeConnection) {
  limits_.instance_connections = 1;
  auto first = client_.Exchange(Get("/1"));
  auto second = client_.Exchange(Get("/2"));
  first.Start();
  second.Start();
  executor_.Advance(limits_.response_timeout);
  ASSERT_TRUE(second.is_done());
  EXPECT_THAT(second.Take(), FailsWith(ErrorKind::kTimeout));
  EXPECT_FALSE(first.is_done());
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
