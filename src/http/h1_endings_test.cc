// How a connection of a browser ends: deadlines, bodies that nobody reads, failures, draining.
#include <gtest/gtest.h>

#include "base/result_testing.h"
#include "http/h1_server.h"
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
using testing::PieceBody;
using testing::Pieces;

struct NoteDestruction {
  bool& flag;
  ~NoteDestruction() { flag = true; }
};

Task<Result<Response>> Hang(Executor& executor, bool& cancelled) {
  NoteDestruction note{cancelled};
  co_await Sleep(executor, 24h);
  co_return Unavailable("slept");
}

class H1EndingsTest : public ::testing::Test {
 protected:
  TestExecutor executor_;
  Limits limits_;
};

TEST_F(H1EndingsTest, ABrowserThatGoesAwayCancelsTheExchange) {
  for (const bool by_finishing : {false, true}) {
    bool cancelled = false;
    FakeService service([&](Request) { return Hang(executor_, cancelled); });
    H1Browser browser(executor_, limits_, service);
    browser.Send(kGet);
    browser.Send(kGet);  // Pipelined bytes hide nothing.
    EXPECT_FALSE(cancelled);
    by_finishing ? browser.Finish() : browser.Close();
    EXPECT_TRUE(cancelled);
    EXPECT_TRUE(browser.served());
    EXPECT_EQ(service.calls, 1);
  }
}

TEST_F(H1EndingsTest, ABrowserThatGoesAwayCancelsAStreamingResponse) {
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
  FakeService service([&](Request) { return Streams::Serve(executor_, cancelled); });
  H1Browser browser(executor_, limits_, service);
  browser.Send(kGet);
  EXPECT_TRUE(browser.Take().starts_with("HTTP/1.1 200 OK"));
  browser.Close();
  EXPECT_TRUE(cancelled);
  EXPECT_TRUE(browser.served());
}

TEST_F(H1EndingsTest, AStartedHeadHasADeadline) {
  FakeService service(Hello);
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
  EXPECT_EQ(service.calls, 1);
}

TEST_F(H1EndingsTest, ANewConnectionThatSaysNothingIsClosedWithoutAWord) {
  FakeService service(Hello);
  H1Browser browser(executor_, limits_, service);
  executor_.Advance(limits_.head_timeout - 1ms);
  EXPECT_FALSE(browser.served());
  executor_.Advance(1ms);
  EXPECT_TRUE(browser.served());
  EXPECT_EQ(browser.Take(), "");
  EXPECT_EQ(service.calls, 0);
}

TEST_F(H1EndingsTest, AnIdleConnectionIsClosedWithoutAWord) {
  FakeService service(Hello);
  H1Browser browser(executor_, limits_, service);
  browser.Send(kGet);
  browser.Take();
  executor_.Advance(limits_.idle_timeout - 1ms);
  EXPECT_FALSE(browser.served());
  executor_.Advance(1ms);
  EXPECT_TRUE(browser.served());
  EXPECT_EQ(browser.Take(), "");
}

TEST_F(H1EndingsTest, ARequestBodyThatStallsIsGivenUp) {
  FakeService service(EchoAsText);
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

TEST_F(H1EndingsTest, ASmallUnreadBodyIsSkipped) {
  FakeService service(Hello);
  H1Browser browser(executor_, limits_, service);
  browser.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
  EXPECT_TRUE(browser.Take().ends_with("hello"));
  browser.Send(std::string(100'000, 'x'));
  browser.Send(kGet);
  EXPECT_TRUE(browser.Take().ends_with("hello"));
  EXPECT_EQ(service.calls, 2);
}

TEST_F(H1EndingsTest, ALargeUnreadBodyEndsTheConnectionAfterTheAnswer) {
  FakeService service(Hello);
  H1Browser browser(executor_, limits_, service);
  browser.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  browser.Send(std::string(900'000, 'x'));
  EXPECT_TRUE(browser.Take().ends_with("hello"));
  EXPECT_TRUE(browser.ended());
  executor_.Advance(limits_.linger_timeout);
  EXPECT_TRUE(browser.served());
}

TEST_F(H1EndingsTest, ALargeRefusedUploadIsReadOnSoThatTheAnswerArrives) {
  FakeService service([](Request) -> Task<Result<Response>> { co_return TooLarge("x"); });
  H1Browser browser(executor_, limits_, service);
  browser.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 41943040\r\n\r\n");
  EXPECT_TRUE(browser.Take().starts_with("HTTP/1.1 413 "));
  for (int mebibyte = 0; mebibyte < 39; ++mebibyte) browser.Send(std::string(1 << 20, 'x'));
  EXPECT_FALSE(browser.served());
  executor_.Advance(limits_.linger_timeout);
  EXPECT_TRUE(browser.served());
}

TEST_F(H1EndingsTest, ASlowRefusedUploadIsReadOnForAWhile) {
  FakeService service([](Request) -> Task<Result<Response>> { co_return TooLarge("x"); });
  H1Browser browser(executor_, limits_, service);
  browser.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 41943040\r\n\r\n");
  for (int i = 0; i < 7; ++i) {
    executor_.Advance(limits_.linger_timeout - 1ms);
    browser.Send("x");
    EXPECT_FALSE(browser.served()) << i;
  }
  executor_.Advance(limits_.linger_timeout - 1ms);
  EXPECT_TRUE(browser.served());  // However it goes on: 15 s in all.
}

TEST_F(H1EndingsTest, AReadThatOutlivesItsExchangeLeavesTheRestOfTheBodyItsDeadline) {
  BodyPtr kept;
  Task<Result<MutableBytes>> reading;
  FakeService service([&](Request request) {
    kept = std::move(request.body);
    reading = kept->Read();
    reading.Start();
    return Hello(std::move(request));
  });
  H1Browser browser(executor_, limits_, service);
  browser.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
  EXPECT_TRUE(browser.Take().ends_with("hello"));
  reading.Reset();  // As a stream does that is reset and lives to the end of the turn.
  executor_.Advance(limits_.body_stall_timeout - 1ms);
  EXPECT_FALSE(browser.ended());
  executor_.Advance(1ms);
  EXPECT_TRUE(browser.ended());
  executor_.Advance(limits_.linger_timeout);
  EXPECT_TRUE(browser.served());
}

TEST_F(H1EndingsTest, ABodyKeptTooLongGivesAnError) {
  BodyPtr kept;
  FakeService service([&](Request request) {
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

TEST_F(H1EndingsTest, DrainingClosesIdleConnectionsAndFinishesTheRest) {
  Event drain(executor_);
  Event gate(executor_);
  FakeService service([&](Request) { return Pieces(200, {}, {"x"}, &gate); });
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

TEST_F(H1EndingsTest, AnIncompleteResponseEndsAsABreakBehindWhatCameOfIt) {
  struct Breaks {
    static Task<Result<Response>> Serve() {
      Response response;
      response.body =
          std::make_unique<PieceBody>(std::vector<std::string>{"hel", "lo"}, Unavailable("gone"));
      co_return response;
    }
  };
  FakeService service([](Request) { return Breaks::Serve(); });
  H1Browser browser(executor_, limits_, service);
  browser.Send(kGet);
  EXPECT_EQ(browser.Take(),
            "HTTP/1.1 200 OK\r\ndate: D\r\ntransfer-encoding: chunked\r\n\r\n"
            "3\r\nhel\r\n2\r\nlo\r\n");
  EXPECT_TRUE(browser.served());
}

TEST_F(H1EndingsTest, AnErrorBecomesABareAnswer) {
  const std::pair<Error, int> cases[] = {{Unavailable("x"), 502}, {Timeout("x"), 504},
                                         {Forbidden("x"), 403},   {TooLarge("x"), 413},
                                         {Internal("x"), 500},    {Invalid("x"), 502}};
  for (const auto& [error, status] : cases) {
    struct Fails {
      static Task<Result<Response>> Serve(Error failure) { co_return failure; }
    };
    FakeService service([&](Request) { return Fails::Serve(error); });
    H1Browser browser(executor_, limits_, service);
    browser.Send(kGet);
    EXPECT_TRUE(browser.Take().starts_with("HTTP/1.1 " + std::to_string(status) + " "));
    EXPECT_TRUE(browser.ended());
  }
}

TEST_F(H1EndingsTest, ABrowserThatDoesNotReadIsGivenUp) {
  FakeService service([](Request) { return Pieces(200, {}, {std::string(200'000, 'x')}); });
  auto [browser, hub] =
      net::testing::MakePipe(executor_, {.write_stall = limits_.write_stall_timeout});
  auto serving = ServeH1(executor_, limits_, std::move(hub), service);
  serving.Start();
  ASSERT_THAT(executor_.Await(net::testing::WriteText(*browser, std::string(kGet))),
              berth::testing::IsOk());
  executor_.Advance(limits_.write_stall_timeout - 1ms);
  EXPECT_FALSE(serving.is_done());
  executor_.Advance(1ms);
  EXPECT_TRUE(serving.is_done());
}

TEST_F(H1EndingsTest, ABrowserThatReadsSlowlyGetsAllOfALargePiece) {
  const std::string large(200'000, 'x');
  FakeService service([&](Request) { return Pieces(200, {}, {large}); });
  auto [browser, hub] = net::testing::MakePipe(
      executor_,
      {.fragment = 4'000, .capacity = 4'000, .write_stall = limits_.write_stall_timeout});
  auto serving = ServeH1(executor_, limits_, std::move(hub), service);
  serving.Start();
  ASSERT_THAT(executor_.Await(net::testing::WriteText(*browser, std::string(kGet))),
              berth::testing::IsOk());
  std::string received;
  while (received.find(large) == std::string::npos) {
    executor_.Advance(limits_.write_stall_timeout - 1s);
    auto piece = executor_.Await(browser->Read());
    ASSERT_THAT(piece, berth::testing::IsOk());
    ASSERT_FALSE(piece->empty());
    received += net::AsText(*piece);
  }
}

TEST_F(H1EndingsTest, DroppingTheTaskCancelsTheExchange) {
  bool cancelled = false;
  FakeService service([&](Request) { return Hang(executor_, cancelled); });
  {
    H1Browser browser(executor_, limits_, service);
    browser.Send(kGet);
  }
  EXPECT_TRUE(cancelled);
}

TEST_F(H1EndingsTest, SurvivesAFailureOfEveryOperation) {
  FakeService service(EchoAsText);
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
