#include "http/h1_server.h"

#include <gtest/gtest.h>

#include "base/result_testing.h"
#include "http/h1_testing.h"

namespace berth::http {
namespace {

using namespace std::chrono_literals;
using berth::testing::TestExecutor;
using testing::FunctionService;
using testing::H1Browser;
using testing::PieceBody;

constexpr std::string_view kGet = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";

Task<Result<Response>> Hello(Request) { co_return TextResponse(200, "text/plain", "hello"); }

/// Answers with the method, target, and body of the request.
Task<Result<Response>> Echo(Request request) {
  auto body = co_await ReadAll(request.body.get(), 10'000'000);
  if (!body) co_return std::move(body).error();
  Response response;
  response.body = std::make_unique<TextBody>(request.head.method + " " + request.head.target +
                                             " [" + *body + "]");
  co_return response;
}

/// Answers with a status, fields and pieces of unknown length.
Task<Result<Response>> Pieces(int status, Fields fields, std::vector<std::string> pieces,
                              Event* gate = nullptr) {
  Response response;
  response.head.status = status;
  response.head.fields = std::move(fields);
  response.body = std::make_unique<PieceBody>(std::move(pieces), gate);
  co_return response;
}

struct NoteDestruction {
  bool& flag;
  ~NoteDestruction() { flag = true; }
};

Task<Result<Response>> Hang(Executor& executor, bool& cancelled) {
  NoteDestruction note{cancelled};
  co_await Sleep(executor, 24h);
  co_return Unavailable("slept");
}

class H1ServerTest : public ::testing::Test {
 protected:
  TestExecutor executor_;
  Limits limits_;
};

TEST_F(H1ServerTest, AnswersWithLengthAndDate) {
  FunctionService service(Hello);
  for (const std::size_t fragment : {0, 1, 7}) {
    H1Browser browser(executor_, limits_, service, fragment);
    browser.Send(kGet);
    EXPECT_EQ(browser.Take(),
              "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nx-content-type-options: nosniff\r\n"
              "date: D\r\ncontent-length: 5\r\n\r\nhello");
    EXPECT_FALSE(browser.ended());
  }
}

TEST_F(H1ServerTest, HandsOverTheRequest) {
  FunctionService service([](Request request) {
    EXPECT_EQ(request.head.method, "PUT");
    EXPECT_EQ(request.head.scheme, "http");
    EXPECT_EQ(request.head.authority, "a:1");
    EXPECT_EQ(request.head.target, "/p?q");
    EXPECT_EQ(request.head.fields.Find("x-one"), "1");
    EXPECT_FALSE(request.head.fields.Has("host"));
    EXPECT_EQ(request.peer.address, "192.0.2.1");
    EXPECT_EQ(request.body->length(), 3u);
    return Hello(std::move(request));
  });
  H1Browser browser(executor_, limits_, service);
  browser.Send("PUT /p?q HTTP/1.1\r\nHost: a:1\r\nX-One: 1\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_TRUE(browser.Take().ends_with("hello"));
}

TEST_F(H1ServerTest, ReadsBodiesAndKeepsTheConnection) {
  FunctionService service(Echo);
  const std::string requests =
      "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
      "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nt: v\r\n\r\n"
      "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const std::size_t fragment : {0, 1, 5}) {
    H1Browser browser(executor_, limits_, service, fragment);
    browser.Send(requests);
    EXPECT_EQ(browser.Take(),
              "HTTP/1.1 200 OK\r\ndate: D\r\ncontent-length: 15\r\n\r\nPOST /1 [hello]"
              "HTTP/1.1 200 OK\r\ndate: D\r\ncontent-length: 15\r\n\r\nPOST /2 [abcde]"
              "HTTP/1.1 200 OK\r\ndate: D\r\ncontent-length: 9\r\n\r\nGET /3 []");
  }
}

TEST_F(H1ServerTest, ServesPipelinedRequestsOneAfterTheOther) {
  Event gate(executor_);
  int running = 0;
  struct Serial {
    static Task<Result<Response>> Serve(Event& gate, int& running, Request request) {
      EXPECT_EQ(++running, 1);
      co_await gate.Wait();
      gate.Reset();
      --running;
      co_return TextResponse(200, "text/plain", request.head.target);
    }
  };
  FunctionService service(
      [&](Request request) { return Serial::Serve(gate, running, std::move(request)); });
  H1Browser browser(executor_, limits_, service);
  std::string many;
  for (int i = 0; i < 5; ++i) {
    many += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  }
  browser.Send(many.substr(0, 40));
  browser.Send(many.substr(40));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(service.calls(), i + 1);
    gate.Set();
    EXPECT_TRUE(browser.Take().ends_with("/" + std::to_string(i)));
  }
}

TEST_F(H1ServerTest, PipelinedBodiesSurviveLaterArrivals) {
  Event gate(executor_);
  FunctionService service([&](Request request) {
    if (request.head.method == "GET") return Pieces(200, {}, {"late"}, &gate);
    return Echo(std::move(request));
  });
  H1Browser browser(executor_, limits_, service, 3);
  browser.Send(kGet);
  browser.Send("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\nabc");
  gate.Set();
  executor_.RunUntilIdle();
  gate.Set();
  EXPECT_TRUE(browser.Take().ends_with("\r\n4\r\nlate\r\n0\r\n\r\n"));
  browser.Send("defghi");
  browser.Send("jkl");
  EXPECT_TRUE(browser.Take().ends_with("POST /1 [abcdefghijkl]"));
}

TEST_F(H1ServerTest, StreamsWhatHasNoLengthAsChunksAtOnce) {
  Event gate(executor_);
  FunctionService service([&](Request) { return Pieces(200, {}, {"one", "two"}, &gate); });
  H1Browser browser(executor_, limits_, service);
  browser.Send(kGet);
  EXPECT_EQ(browser.Take(), "HTTP/1.1 200 OK\r\ndate: D\r\ntransfer-encoding: chunked\r\n\r\n");
  gate.Set();
  EXPECT_EQ(browser.Take(), "3\r\none\r\n");
  gate.Set();
  EXPECT_EQ(browser.Take(), "3\r\ntwo\r\n");
  gate.Set();
  EXPECT_EQ(browser.Take(), "0\r\n\r\n");
  EXPECT_FALSE(browser.ended());
}

TEST_F(H1ServerTest, ClosesAfterWhatHasNoLengthInHttp10) {
  FunctionService service([](Request) { return Pieces(200, {}, {"one", "two"}); });
  H1Browser browser(executor_, limits_, service);
  browser.Send("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(browser.Take(), "HTTP/1.1 200 OK\r\ndate: D\r\nconnection: close\r\n\r\nonetwo");
  EXPECT_TRUE(browser.ended());
}

TEST_F(H1ServerTest, KeepsAnHttp10ConnectionOnRequest) {
  FunctionService service(Hello);
  H1Browser browser(executor_, limits_, service);
  browser.Send("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(browser.Take().find("connection: keep-alive\r\n"), std::string::npos);
  EXPECT_FALSE(browser.ended());
}

TEST_F(H1ServerTest, ClosesWhenTheBrowserAsksForIt) {
  FunctionService service(Hello);
  H1Browser browser(executor_, limits_, service);
  browser.Send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_NE(browser.Take().find("connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(browser.ended());
  browser.Finish();
  EXPECT_TRUE(browser.served());
}

TEST_F(H1ServerTest, SendsNoBodyWhereThereIsNone) {
  Fields fields;
  fields.Add("content-length", "1000");
  fields.Add("etag", "\"e\"");
  for (const int status : {204, 304}) {
    FunctionService service([&](Request) { return Pieces(status, fields, {"x"}); });
    H1Browser browser(executor_, limits_, service);
    browser.Send(kGet);
    const std::string answer = browser.Take();
    EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
    EXPECT_EQ(answer.find("content-length: 1000") != std::string::npos, status == 304);
    EXPECT_EQ(answer.find("transfer-encoding"), std::string::npos);
  }
  FunctionService service([&](Request) { return Pieces(200, fields, {"x"}); });
  H1Browser browser(executor_, limits_, service);
  browser.Send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(browser.Take(),
            "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\netag: \"e\"\r\ndate: D\r\n\r\n");
}

TEST_F(H1ServerTest, EveryStatusPasses) {
  int status = 200;
  FunctionService service([&](Request) { return Pieces(status, {}, {}); });
  H1Browser browser(executor_, limits_, service);
  for (; status <= 599; ++status) {
    browser.Send(kGet);
    EXPECT_TRUE(browser.Take().starts_with("HTTP/1.1 " + std::to_string(status) + " "));
  }
  browser.Send(kGet);
  EXPECT_TRUE(browser.Take().starts_with("HTTP/1.1 502 "));
}

TEST_F(H1ServerTest, MakesItsOwnFramingAndConnectionFields) {
  Fields fields;
  for (const std::string_view name :
       {"connection", "keep-alive", "transfer-encoding", "upgrade", "content-length"}) {
    fields.Add(name, "7");
  }
  fields.Add("set-cookie", "a=b");
  fields.Add("set-cookie", "c=d");
  fields.Add("x-split", "a\r\nx-evil: b");
  fields.Add("date", "Mon, 01 Jan 2024 00:00:00 GMT");
  FunctionService service([&](Request) { return Pieces(200, fields, {"x"}); });
  H1Browser browser(executor_, limits_, service);
  browser.Send(kGet);
  EXPECT_EQ(browser.Take(),
            "HTTP/1.1 200 OK\r\nset-cookie: a=b\r\nset-cookie: c=d\r\ndate: D\r\n"
            "transfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n");
}

TEST_F(H1ServerTest, ClosesAfterAnAnswerThatSaysSo) {
  Fields fields;
  fields.Add("connection", "close");
  FunctionService service([&](Request) { return Pieces(400, fields, {"x"}); });
  H1Browser browser(executor_, limits_, service);
  browser.Send(std::string(kGet) + std::string(kGet));
  const std::string answer = browser.Take();
  EXPECT_TRUE(answer.contains("connection: close\r\n")) << answer;
  EXPECT_EQ(answer.find("HTTP/1.1 400"), answer.rfind("HTTP/1.1 400")) << answer;
}

TEST_F(H1ServerTest, HeadAndSmallBodyLeaveInOneWrite) {
  FunctionService service([](Request) { return Pieces(200, {}, {"a", "b"}); });
  net::testing::FailurePlan plan;
  auto [browser, hub] = net::testing::MakePipe(executor_);
  ASSERT_THAT(executor_.Await(net::testing::WriteText(*browser, std::string(kGet))),
              berth::testing::IsOk());
  auto serving =
      ServeH1(executor_, limits_,
              std::make_unique<net::testing::FailingStream>(std::move(hub), plan), service);
  serving.Start();
  executor_.RunUntilIdle();
  EXPECT_EQ(plan.count, 3);  // Read the request, write the response, read on.
}

TEST_F(H1ServerTest, ALargeBodyArrivesWhole) {
  std::string large(1'000'000, 'x');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>('a' + i % 23);
  FunctionService service(Echo);
  H1Browser browser(executor_, limits_, service);
  browser.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + large);
  EXPECT_TRUE(browser.Take().ends_with("[" + large + "]"));
}

TEST_F(H1ServerTest, AnswersExpectContinueWhenTheBodyIsRead) {
  FunctionService service(Echo);
  for (const std::size_t fragment : {0, 1}) {
    H1Browser browser(executor_, limits_, service, fragment);
    browser.Send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(browser.Take(), "HTTP/1.1 100 Continue\r\n\r\n");
    browser.Send("ok");
    EXPECT_TRUE(browser.Take().ends_with("POST / [ok]"));
    EXPECT_FALSE(browser.ended());
  }
}

TEST_F(H1ServerTest, ClosesWhenTheExpectedContinueNeverCame) {
  FunctionService service(Hello);
  H1Browser browser(executor_, limits_, service);
  browser.Send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  const std::string answer = browser.Take();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_NE(answer.find("connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(browser.ended());
}

TEST_F(H1ServerTest, ForwardsInterimResponsesToHttp11Only) {
  struct Hints {
    static Task<Result<Response>> Serve(Executor& executor, Request request) {
      ResponseHead hint;
      hint.fields.Add("link", "</a.css>");
      for (const int status : {100, 102, 103, 200}) {
        hint.status = status;
        if (request.interim) request.interim(hint);
        co_await Yield(executor);
      }
      co_return TextResponse(200, "text/plain", "x");
    }
  };
  FunctionService service(
      [&](Request request) { return Hints::Serve(executor_, std::move(request)); });
  H1Browser browser(executor_, limits_, service);
  browser.Send(kGet);
  EXPECT_TRUE(browser.Take().starts_with(
      "HTTP/1.1 102 \r\nlink: </a.css>\r\n\r\n"
      "HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\n"));
  browser.Send("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(browser.Take().starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_F(H1ServerTest, ABrowserThatGoesAwayCancelsTheExchange) {
  for (const bool by_finishing : {false, true}) {
    bool cancelled = false;
    FunctionService service([&](Request) { return Hang(executor_, cancelled); });
    H1Browser browser(executor_, limits_, service);
    browser.Send(kGet);
    browser.Send(kGet);  // Pipelined bytes hide nothing.
    EXPECT_FALSE(cancelled);
    by_finishing ? browser.Finish() : browser.Close();
    EXPECT_TRUE(cancelled);
    EXPECT_TRUE(browser.served());
    EXPECT_EQ(service.calls(), 1);
  }
}

TEST_F(H1ServerTest, ABrowserThatGoesAwayCancelsAStreamingResponse) {
  struct Endless : Body {
    explicit Endless(Executor& e, bool& flag) : executor(e), note{flag} {}
    Task<Result<MutableBytes>> Read() override {
      co_await Sleep(executor, 1h);
      co_return MutableBytes{};
    }
    Executor& executor;
    NoteDestruction note;
  };
  struct Streams {
    static Task<Result<Response>> Serve(Executor& executor, bool& cancelled) {
      Response response;
      response.body = std::make_unique<Endless>(executor, cancelled);
      co_return response;
    }
  };
  bool cancelled = false;
  FunctionService service([&](Request) { return Streams::Serve(executor_, cancelled); });
  H1Browser browser(executor_, limits_, service);
  browser.Send(kGet);
  EXPECT_TRUE(browser.Take().starts_with("HTTP/1.1 200 OK"));
  browser.Close();
  EXPECT_TRUE(cancelled);
  EXPECT_TRUE(browser.served());
}

TEST_F(H1ServerTest, AStartedHeadHasADeadline) {
  FunctionService service(Hello);
  H1Browser browser(executor_, limits_, service, 1);
  browser.Send(kGet);
  browser.Take();
  executor_.Advance(limits_.idle_timeout - 1s);
  browser.Send("GET / HT");
  executor_.Advance(limits_.head_timeout - 1s);
  browser.Send("TP/1.1\r\nHost");
  EXPECT_EQ(browser.Take(), "");
  executor_.Advance(1s);
  EXPECT_TRUE(browser.Take().starts_with("HTTP/1.1 408 Request Timeout\r\n"));
  EXPECT_TRUE(browser.ended());
  EXPECT_EQ(service.calls(), 1);
}

TEST_F(H1ServerTest, ANewConnectionThatSaysNothingIsClosedWithoutAWord) {
  FunctionService service(Hello);
  H1Browser browser(executor_, limits_, service);
  executor_.Advance(limits_.head_timeout - 1ms);
  EXPECT_FALSE(browser.served());
  executor_.Advance(1ms);
  EXPECT_TRUE(browser.served());
  EXPECT_EQ(browser.Take(), "");
  EXPECT_EQ(service.calls(), 0);
}

TEST_F(H1ServerTest, AnIdleConnectionIsClosedWithoutAWord) {
  FunctionService service(Hello);
  H1Browser browser(executor_, limits_, service);
  browser.Send(kGet);
  browser.Take();
  executor_.Advance(limits_.idle_timeout - 1ms);
  EXPECT_FALSE(browser.served());
  executor_.Advance(1ms);
  EXPECT_TRUE(browser.served());
  EXPECT_EQ(browser.Take(), "");
}

TEST_F(H1ServerTest, ARequestBodyThatStallsIsGivenUp) {
  FunctionService service(Echo);
  H1Browser browser(executor_, limits_, service);
  browser.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  executor_.Advance(limits_.body_stall_timeout - 1ms);
  browser.Send("c");
  executor_.Advance(limits_.body_stall_timeout - 1ms);
  EXPECT_EQ(browser.Take(), "");
  executor_.Advance(1ms);
  EXPECT_TRUE(browser.Take().starts_with("HTTP/1.1 408 "));
  executor_.Advance(limits_.linger_timeout);
  EXPECT_TRUE(browser.served());
}

TEST_F(H1ServerTest, ASmallUnreadBodyIsSkipped) {
  FunctionService service(Hello);
  H1Browser browser(executor_, limits_, service);
  browser.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
  EXPECT_TRUE(browser.Take().ends_with("hello"));
  browser.Send(std::string(100'000, 'x'));
  browser.Send(kGet);
  EXPECT_TRUE(browser.Take().ends_with("hello"));
  EXPECT_EQ(service.calls(), 2);
}

TEST_F(H1ServerTest, ALargeUnreadBodyEndsTheConnectionAfterTheAnswer) {
  FunctionService service(Hello);
  H1Browser browser(executor_, limits_, service);
  browser.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  browser.Send(std::string(900'000, 'x'));
  EXPECT_TRUE(browser.Take().ends_with("hello"));
  EXPECT_TRUE(browser.ended());
  executor_.Advance(limits_.linger_timeout);
  EXPECT_TRUE(browser.served());
}

TEST_F(H1ServerTest, ALargeRefusedUploadIsReadOnSoThatTheAnswerArrives) {
  FunctionService service([](Request) -> Task<Result<Response>> { co_return TooLarge("x"); });
  H1Browser browser(executor_, limits_, service);
  browser.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 41943040\r\n\r\n");
  EXPECT_TRUE(browser.Take().starts_with("HTTP/1.1 413 "));
  for (int mebibyte = 0; mebibyte < 39; ++mebibyte) browser.Send(std::string(1 << 20, 'x'));
  EXPECT_FALSE(browser.served());
  executor_.Advance(limits_.linger_timeout);
  EXPECT_TRUE(browser.served());
}

TEST_F(H1ServerTest, ABodyKeptTooLongGivesAnError) {
  BodyPtr kept;
  FunctionService service([&](Request request) {
    if (request.body) kept = std::move(request.body);
    return Hello(std::move(request));
  });
  {
    H1Browser browser(executor_, limits_, service);
    browser.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_TRUE(browser.Take().ends_with("hello"));
    EXPECT_THAT(executor_.Await(kept->Read()), berth::testing::FailsWith(ErrorKind::kUnavailable));
    browser.Send(kGet);
    EXPECT_TRUE(browser.Take().ends_with("hello"));
  }
  EXPECT_THAT(executor_.Await(kept->Read()), berth::testing::FailsWith(ErrorKind::kUnavailable));
}

TEST_F(H1ServerTest, DrainingClosesIdleConnectionsAndFinishesTheRest) {
  Event drain(executor_);
  Event gate(executor_);
  FunctionService service([&](Request) { return Pieces(200, {}, {"x"}, &gate); });
  H1Browser idle(executor_, limits_, service, 0, {.drain = &drain});
  H1Browser streaming(executor_, limits_, service, 0, {.drain = &drain});
  streaming.Send(kGet);
  H1Browser late(executor_, limits_, service, 0, {.drain = &drain});
  late.Send(kGet.substr(0, 5));
  drain.Set();
  executor_.RunUntilIdle();
  EXPECT_TRUE(idle.served());
  EXPECT_FALSE(streaming.served());
  gate.Set();
  executor_.RunUntilIdle();
  gate.Set();
  EXPECT_TRUE(streaming.Take().ends_with("x\r\n0\r\n\r\n"));
  EXPECT_TRUE(streaming.served());
  late.Send(kGet.substr(5));
  EXPECT_NE(late.Take().find("connection: close\r\n"), std::string::npos);
}

TEST_F(H1ServerTest, AnIncompleteResponseEndsAsABreak) {
  struct Broken : Body {
    Task<Result<MutableBytes>> Read() override { co_return Unavailable("gone"); }
  };
  struct Breaks {
    static Task<Result<Response>> Serve() {
      Response response;
      response.body = std::make_unique<Broken>();
      co_return response;
    }
  };
  FunctionService service([](Request) { return Breaks::Serve(); });
  H1Browser browser(executor_, limits_, service);
  browser.Send(kGet);
  EXPECT_EQ(browser.Take().find("0\r\n\r\n"), std::string::npos);
  EXPECT_TRUE(browser.served());
}

TEST_F(H1ServerTest, AnErrorBecomesABareAnswer) {
  const std::pair<Error, int> cases[] = {{Unavailable("x"), 502}, {Timeout("x"), 504},
                                         {Forbidden("x"), 403},   {TooLarge("x"), 413},
                                         {Internal("x"), 500},    {Invalid("x"), 502}};
  for (const auto& [error, status] : cases) {
    struct Fails {
      static Task<Result<Response>> Serve(Error failure) { co_return failure; }
    };
    FunctionService service([&](Request) { return Fails::Serve(error); });
    H1Browser browser(executor_, limits_, service);
    browser.Send(kGet);
    EXPECT_TRUE(browser.Take().starts_with("HTTP/1.1 " + std::to_string(status) + " "));
    EXPECT_TRUE(browser.ended());
  }
}

TEST_F(H1ServerTest, ABrowserThatDoesNotReadIsGivenUp) {
  FunctionService service([](Request) { return Pieces(200, {}, {std::string(200'000, 'x')}); });
  auto [browser, hub] = net::testing::MakePipe(executor_);
  auto serving = ServeH1(executor_, limits_, std::move(hub), service);
  serving.Start();
  ASSERT_THAT(executor_.Await(net::testing::WriteText(*browser, std::string(kGet))),
              berth::testing::IsOk());
  executor_.Advance(limits_.write_stall_timeout - 1ms);
  EXPECT_FALSE(serving.is_done());
  executor_.Advance(1ms);
  EXPECT_TRUE(serving.is_done());
}

/// Accepts an upgrade and wants the connection for itself, to send back what comes in capitals.
Task<void> Shout(net::StreamPtr stream, std::string first) {
  auto arriving = ArrivingBody(*stream, std::move(first));
  for (;;) {
    auto piece = co_await arriving->Read();
    if (!piece || piece->empty()) co_return;
    std::string text(net::AsText(*piece));
    for (char& c : text) c = static_cast<char>(std::toupper(c));
    auto written = co_await net::testing::WriteText(*stream, std::move(text));
    if (!written) co_return;
  }
}

Task<Result<Response>> TakeOver(Request request) {
  Response response;
  response.head.status = request.may_take_over ? 101 : 200;
  if (request.may_take_over) response.takeover = std::make_unique<Takeover>(Shout);
  co_return response;
}

constexpr std::string_view kUpgrade =
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

TEST_F(H1ServerTest, AnUpgradeMayTakeTheConnectionWithAllThatCame) {
  FunctionService service(TakeOver);
  auto [browser, hub] = net::testing::MakePipe(executor_, {.fragment = 100});
  auto serving = ServeH1(executor_, limits_, std::move(hub), service);
  serving.Start();
  auto sending = net::testing::WriteText(*browser, std::string(kUpgrade) + "behind the request");
  sending.Start();
  std::string received;
  bool ended = false;
  auto collecting = testing::Collect(*browser, received, ended);
  collecting.Start();
  executor_.RunUntilIdle();
  ASSERT_TRUE(serving.is_done());  // Nothing of HTTP is left.
  TakenConnection taken = serving.Take();
  serving.Reset();
  ASSERT_TRUE(taken.stream);
  EXPECT_TRUE(received.starts_with("HTTP/1.1 101 "));
  auto shouting = taken.GoOn();
  shouting.Start();
  executor_.RunUntilIdle();
  EXPECT_TRUE(received.ends_with("\r\n\r\nBEHIND THE REQUEST"));
  EXPECT_THAT(executor_.Await(net::testing::WriteText(*browser, std::string(", and more"))),
              berth::testing::IsOk());
  executor_.RunUntilIdle();
  EXPECT_TRUE(received.ends_with("\r\n\r\nBEHIND THE REQUEST, AND MORE"));
  browser->Close();
  executor_.RunUntilIdle();
  EXPECT_TRUE(shouting.is_done());
}

TEST_F(H1ServerTest, OnlyAnUpgradeMayTakeTheConnection) {
  FunctionService service(TakeOver);
  H1Browser browser(executor_, limits_, service);
  browser.Send(kGet);
  EXPECT_TRUE(browser.Take().starts_with("HTTP/1.1 200 "));
}

TEST_F(H1ServerTest, ABrowserThatLeavesWithItsUpgradeIsNotHandedOn) {
  FunctionService service(TakeOver);
  auto [browser, hub] = net::testing::MakePipe(executor_);
  ASSERT_THAT(executor_.Await(net::testing::WriteText(*browser, std::string(kUpgrade))),
              berth::testing::IsOk());
  browser->Close();
  auto serving = ServeH1(executor_, limits_, std::move(hub), service);
  serving.Start();
  executor_.RunUntilIdle();
  ASSERT_TRUE(serving.is_done());
  EXPECT_FALSE(serving.Take().stream);
}

TEST_F(H1ServerTest, DroppingTheTaskCancelsTheExchange) {
  bool cancelled = false;
  FunctionService service([&](Request) { return Hang(executor_, cancelled); });
  {
    H1Browser browser(executor_, limits_, service);
    browser.Send(kGet);
  }
  EXPECT_TRUE(cancelled);
}

TEST_F(H1ServerTest, SurvivesAFailureOfEveryOperation) {
  FunctionService service(Echo);
  for (int fail_at = 1;; ++fail_at) {
    ASSERT_LT(fail_at, 1000);
    net::testing::FailurePlan plan{.fail_at = fail_at};
    auto [browser, hub] = net::testing::MakePipe(executor_, {.fragment = 9});
    auto serving =
        ServeH1(executor_, limits_,
                std::make_unique<net::testing::FailingStream>(std::move(hub), plan), service);
    serving.Start();
    auto sending = net::testing::WriteText(
        *browser,
        "POST /1 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello"
        "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        "3\r\nabc\r\n0\r\n\r\n");
    sending.Start();
    std::string received;
    bool ended = false;
    auto collecting = testing::Collect(*browser, received, ended);
    collecting.Start();
    executor_.RunUntilIdle();
    executor_.Advance(limits_.linger_timeout);
    EXPECT_TRUE(serving.is_done()) << fail_at;
    EXPECT_TRUE(ended) << fail_at;
    if (plan.count < fail_at) {
      EXPECT_NE(received.find("POST /2 [abc]"), std::string::npos);
      break;
    }
  }
}

}  // namespace
}  // namespace berth::http
