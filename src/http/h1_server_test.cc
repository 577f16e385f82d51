// A connection's server end, in memory: requests and what becomes of them.
#include "http/h1_server.h"

#include <gtest/gtest.h>

#include "base/result_testing.h"
#include "http/h1_testing.h"

namespace berth::http {
namespace {

using namespace std::chrono_literals;
using berth::testing::TestExecutor;
using testing::EchoAsText;
using testing::FakeService;
using testing::H1Browser;
using testing::Hello;
using testing::kGet;
using testing::Pieces;

class H1ServerTest : public ::testing::Test {
 protected:
  TestExecutor executor_;
  Limits limits_;
};

TEST_F(H1ServerTest, AnswersWithLengthAndDate) {
  FakeService service(Hello);
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
  FakeService service([](Request request) {
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
  FakeService service(EchoAsText);
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
  FakeService service(
      [&](Request request) { return Serial::Serve(gate, running, std::move(request)); });
  H1Browser browser(executor_, limits_, service);
  std::string many;
  for (int i = 0; i < 5; ++i) {
    many += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  }
  browser.Send(many.substr(0, 40));
  browser.Send(many.substr(40));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(service.calls, i + 1);
    gate.Set();
    EXPECT_TRUE(browser.Take().ends_with("/" + std::to_string(i)));
  }
}

TEST_F(H1ServerTest, PipelinedRequestsLeaveOthersTheirTurn) {
  std::vector<std::string> served;
  FakeService service([&](Request request) {
    served.push_back(request.head.target);
    return EchoAsText(std::move(request));
  });
  H1Browser many(executor_, limits_, service);
  H1Browser one(executor_, limits_, service);
  std::string requests;
  for (int i = 0; i < 200; ++i) requests += "GET /many HTTP/1.1\r\nHost: a\r\n\r\n";
  executor_.Post([&] { many.Write(requests); });
  executor_.Post([&] { one.Write(kGet); });
  executor_.RunUntilIdle();
  ASSERT_EQ(served.size(), 201u);
  EXPECT_LE(std::ranges::find(served, "/x") - served.begin(), 32);
}

TEST_F(H1ServerTest, PipelinedBodiesSurviveLaterArrivals) {
  Event gate(executor_);
  FakeService service([&](Request request) {
    if (request.head.method == "GET") return Pieces(200, {}, {"late"}, &gate);
    return EchoAsText(std::move(request));
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
  FakeService service([&](Request) { return Pieces(200, {}, {"one", "two"}, &gate); });
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
  FakeService service([](Request) { return Pieces(200, {}, {"one", "two"}); });
  H1Browser browser(executor_, limits_, service);
  browser.Send("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(browser.Take(), "HTTP/1.1 200 OK\r\ndate: D\r\nconnection: close\r\n\r\nonetwo");
  EXPECT_TRUE(browser.ended());
}

TEST_F(H1ServerTest, KeepsAnHttp10ConnectionOnRequest) {
  FakeService service(Hello);
  H1Browser browser(executor_, limits_, service);
  browser.Send("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(browser.Take().find("connection: keep-alive\r\n"), std::string::npos);
  EXPECT_FALSE(browser.ended());
}

TEST_F(H1ServerTest, ClosesWhenTheBrowserAsksForIt) {
  FakeService service(Hello);
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
    FakeService service([&](Request) { return Pieces(status, fields, {"x"}); });
    H1Browser browser(executor_, limits_, service);
    browser.Send(kGet);
    const std::string answer = browser.Take();
    EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
    EXPECT_EQ(answer.find("content-length: 1000") != std::string::npos, status == 304);
    EXPECT_EQ(answer.find("transfer-encoding"), std::string::npos);
  }
  FakeService service([&](Request) { return Pieces(200, fields, {"x"}); });
  H1Browser browser(executor_, limits_, service);
  browser.Send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(browser.Take(),
            "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\netag: \"e\"\r\ndate: D\r\n\r\n");
}

TEST_F(H1ServerTest, EveryStatusPasses) {
  int status = 200;
  FakeService service([&](Request) { return Pieces(status, {}, {}); });
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
  FakeService service([&](Request) { return Pieces(200, fields, {"x"}); });
  H1Browser browser(executor_, limits_, service);
  browser.Send(kGet);
  EXPECT_EQ(browser.Take(),
            "HTTP/1.1 200 OK\r\nset-cookie: a=b\r\nset-cookie: c=d\r\ndate: D\r\n"
            "transfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n");
}

TEST_F(H1ServerTest, ClosesAfterAnAnswerThatSaysSo) {
  Fields fields;
  fields.Add("connection", "close");
  FakeService service([&](Request) { return Pieces(400, fields, {"x"}); });
  H1Browser browser(executor_, limits_, service);
  browser.Send(std::string(kGet) + std::string(kGet));
  const std::string answer = browser.Take();
  EXPECT_TRUE(answer.contains("connection: close\r\n")) << answer;
  EXPECT_EQ(answer.find("HTTP/1.1 400"), answer.rfind("HTTP/1.1 400")) << answer;
}

TEST_F(H1ServerTest, HeadAndSmallBodyLeaveInOneWrite) {
  FakeService service([](Request) { return Pieces(200, {}, {"a", "b"}); });
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
  FakeService service(EchoAsText);
  H1Browser browser(executor_, limits_, service);
  browser.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + large);
  EXPECT_TRUE(browser.Take().ends_with("[" + large + "]"));
}

TEST_F(H1ServerTest, AnswersExpectContinueWhenTheBodyIsRead) {
  FakeService service(EchoAsText);
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
  FakeService service(Hello);
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
      for (const int status : {102, 103}) {
        hint.status = status;
        if (request.interim) request.interim(hint);
        co_await Yield(executor);
      }
      co_return TextResponse(200, "text/plain", "x");
    }
  };
  FakeService service([&](Request request) { return Hints::Serve(executor_, std::move(request)); });
  H1Browser browser(executor_, limits_, service);
  browser.Send(kGet);
  EXPECT_TRUE(browser.Take().starts_with(
      "HTTP/1.1 102 \r\nlink: </a.css>\r\n\r\n"
      "HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\n"));
  browser.Send("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(browser.Take().starts_with("HTTP/1.1 200 OK\r\n"));
}

}  // namespace
}  // namespace berth::http
