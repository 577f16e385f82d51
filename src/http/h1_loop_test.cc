// HTTP/1.1 end to end in memory: H1Client asks ServeH1, plain and upgraded exchanges, and every
// failure of their streams.
#include <gtest/gtest.h>

#include "base/result_testing.h"
#include "http/h1_client.h"
#include "http/h1_testing.h"

namespace berth::http {
namespace {

using namespace std::chrono_literals;
using berth::testing::FailsWith;
using berth::testing::IsOk;
using berth::testing::TestExecutor;
using net::testing::FailingStream;
using net::testing::FailurePlan;
using testing::FakeService;
using testing::H1Browser;
using testing::PieceBody;

/// A ServeH1 behind a Connector.
struct Instance {
  Instance(TestExecutor& e, const Limits& l, Service& s, std::size_t f = 0,
           FailurePlan* p = nullptr)
      : executor(e), limits(l), service(s), fragment(f), plan(p) {}
  static Task<Result<net::StreamPtr>> Connect(Instance& self) {
    co_await Yield(self.executor);
    auto [mine, theirs] = net::testing::MakePipe(self.executor, {.fragment = self.fragment});
    self.serving.push_back(ServeH1(self.executor, self.limits, std::move(theirs), self.service));
    self.serving.back().Start();
    net::StreamPtr stream = std::move(mine);
    if (self.plan != nullptr) {
      stream = std::make_unique<FailingStream>(std::move(stream), *self.plan);
    }
    co_return std::move(stream);
  }
  H1Client::Connector connector() {
    return [this] { return Connect(*this); };
  }

  TestExecutor& executor;
  const Limits& limits;
  Service& service;
  std::size_t fragment;
  FailurePlan* plan;
  std::vector<Task<TakenConnection>> serving;
};

Request MakeRequest(std::string method, BodyPtr body = nullptr) {
  Request request;
  request.head.method = std::move(method);
  request.head.authority = "a";
  request.head.target = "/";
  request.body = std::move(body);
  return request;
}

/// Answers with the request's body, streamed back piece by piece.
Task<Result<Response>> EchoStream(Request request) {
  Response response;
  response.head.fields.Add("x-method", request.head.method);
  response.body = std::move(request.body);
  co_return response;
}

/// Accepts every upgrade and echoes its bytes.
Task<Result<Response>> EchoUpgrade(Request request) {
  EXPECT_TRUE(request.head.is_upgrade());
  EXPECT_FALSE(request.head.fields.Has("sec-websocket-key"));
  Response response;
  response.head.status = 101;
  response.head.fields.Add("sec-websocket-protocol", "chat");
  response.body = std::move(request.body);
  co_return response;
}

class ProxyService : public Service {
 public:
  explicit ProxyService(Service& next) : next_(next) {}
  Task<Result<Response>> Exchange(Request request) override {
    return next_.Exchange(std::move(request));
  }

 private:
  Service& next_;
};

constexpr std::string_view kUpgrade =
    "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: chat\r\n\r\n";
constexpr std::string_view kAccepted =
    "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
    "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nsec-websocket-protocol: chat\r\n\r\n";

class H1LoopTest : public ::testing::Test {
 protected:
  TestExecutor executor_;
  Limits limits_;
};

TEST_F(H1LoopTest, BodiesPassBothWaysUnchanged) {
  FakeService echo(EchoStream);
  for (const std::size_t fragment : {0, 1, 1000}) {
    Instance instance(executor_, limits_, echo, fragment);
    H1Client client(executor_, limits_, instance.connector());
    for (const std::size_t size : {0, 1, 5000, 70'000}) {
      if (fragment == 1 && size > 5000) continue;
      std::string text(size, 'x');
      for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 7);
      for (const bool is_known : {true, false}) {
        BodyPtr body;
        if (is_known) {
          body = std::make_unique<TextBody>(text);
        } else if (size == 0) {
          body = std::make_unique<PieceBody>(std::vector<std::string>{});
        } else {
          body = std::make_unique<PieceBody>(
              std::vector<std::string>{text.substr(0, size / 2 + 1), text.substr(size / 2 + 1)});
          if (size == 1) body = std::make_unique<PieceBody>(std::vector<std::string>{text});
        }
        auto response = executor_.Await(client.Exchange(MakeRequest("POST", std::move(body))));
        ASSERT_THAT(response, IsOk());
        auto echoed = executor_.Await(ReadAll(response->body.get(), 1'000'000));
        ASSERT_THAT(echoed, IsOk());
        EXPECT_TRUE(*echoed == text) << size;
      }
    }
    EXPECT_EQ(client.open_connections(), 1u);
    EXPECT_EQ(client.idle_connections(), 1u);
  }
}

TEST_F(H1LoopTest, AnUpgradePassesThroughBothHops) {
  FakeService echo(EchoUpgrade);
  for (const std::size_t fragment : {0, 1}) {
    Instance instance(executor_, limits_, echo, fragment);
    H1Client client(executor_, limits_, instance.connector());
    ProxyService proxy(client);
    H1Browser browser(executor_, limits_, proxy, fragment);
    browser.Send(std::string(kUpgrade) + "early");
    EXPECT_EQ(browser.Take(), std::string(kAccepted) + "early");
    browser.Send("more");
    EXPECT_EQ(browser.Take(), "more");
    EXPECT_FALSE(browser.ended());
    // The end passes through and comes back.
    browser.Finish();
    EXPECT_TRUE(browser.ended());
    EXPECT_TRUE(browser.served());
    EXPECT_EQ(client.open_connections(), 0u);
    EXPECT_TRUE(instance.serving[0].is_done());
  }
}

TEST_F(H1LoopTest, ABrokenUpgradeBreaksTheOtherHop) {
  FakeService echo(EchoUpgrade);
  Instance instance(executor_, limits_, echo);
  H1Client client(executor_, limits_, instance.connector());
  ProxyService proxy(client);
  H1Browser browser(executor_, limits_, proxy);
  browser.Send(kUpgrade);
  browser.Close();
  EXPECT_TRUE(browser.served());
  EXPECT_EQ(client.open_connections(), 0u);
  EXPECT_TRUE(instance.serving[0].is_done());

  H1Browser other(executor_, limits_, proxy);
  other.Send(kUpgrade);
  EXPECT_EQ(other.Take(), kAccepted);
  instance.serving.clear();  // The instance ends.
  executor_.RunUntilIdle();
  EXPECT_TRUE(other.ended());
  EXPECT_TRUE(other.served());
}

/// Accepts an upgrade; one direction ends at once, the other never.
Task<Result<Response>> HalfUpgrade(Request request, Event& never, bool ends_at_once,
                                   BodyPtr& kept) {
  kept = std::move(request.body);
  Response response;
  response.head.status = 101;
  response.body =
      std::make_unique<PieceBody>(std::vector<std::string>{"x"}, ends_at_once ? nullptr : &never);
  co_return response;
}

TEST_F(H1LoopTest, AHalfClosedUpgradeHasABoundedTime) {
  for (const bool ours_ends : {true, false}) {
    Event never(executor_);
    BodyPtr kept;
    FakeService half(
        [&](Request request) { return HalfUpgrade(std::move(request), never, ours_ends, kept); });
    H1Browser browser(executor_, limits_, half);
    browser.Send(kUpgrade);
    executor_.Advance(1h);
    if (ours_ends) {
      EXPECT_TRUE(browser.Take().ends_with("\r\n\r\nx"));
      EXPECT_TRUE(browser.served());  // The browser did not end its direction within the hour.
      continue;
    }
    EXPECT_FALSE(browser.served());
    browser.Finish();
    executor_.Advance(limits_.half_close_grace - 1ms);
    EXPECT_FALSE(browser.served());
    executor_.Advance(1ms);
    EXPECT_TRUE(browser.served());
  }
}

TEST_F(H1LoopTest, AnUpgradeThatNeitherSideWantsAnyMoreEndsAtOnce) {
  Event never(executor_);
  BodyPtr kept;
  FakeService half(
      [&](Request request) { return HalfUpgrade(std::move(request), never, true, kept); });
  H1Browser browser(executor_, limits_, half);
  browser.Send(kUpgrade);
  browser.Send("bytes that the service never reads");
  browser.Finish();
  EXPECT_FALSE(browser.served());
  kept.reset();
  executor_.RunUntilIdle();
  EXPECT_TRUE(browser.served());
}

TEST_F(H1LoopTest, AnUpgradeMayBeAnsweredWithAnOrdinaryResponse) {
  struct No {
    static Task<Result<Response>> Serve() { co_return TextResponse(403, "text/plain", "no"); }
  };
  FakeService no([](Request) { return No::Serve(); });
  Instance instance(executor_, limits_, no);
  H1Client client(executor_, limits_, instance.connector());
  ProxyService proxy(client);
  H1Browser browser(executor_, limits_, proxy);
  browser.Send(kUpgrade);
  const std::string answer = browser.Take();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"));
  EXPECT_NE(answer.find("connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("no"));
  EXPECT_TRUE(browser.ended());
  EXPECT_EQ(client.open_connections(), 0u);
}

TEST_F(H1LoopTest, AnUpgradeWithABadAcceptIsRefused) {
  auto [mine, theirs] = net::testing::MakePipe(executor_);
  struct Once {
    static Task<Result<net::StreamPtr>> Connect(net::StreamPtr& stream) {
      co_return std::move(stream);
    }
  };
  net::StreamPtr stream = std::move(theirs);
  H1Client client(executor_, limits_, [&stream] { return Once::Connect(stream); });
  Request request = MakeRequest("GET");
  request.head.protocol = "websocket";
  auto exchange = client.Exchange(std::move(request));
  exchange.Start();
  executor_.RunUntilIdle();
  ASSERT_THAT(executor_.Await(net::testing::WriteText(*mine, std::string(kAccepted))), IsOk());
  EXPECT_THAT(testing::Finish(executor_, std::move(exchange)), FailsWith(ErrorKind::kInvalid));
}

TEST_F(H1LoopTest, ABrowserThatGoesAwayClosesTheConnectionToTheInstance) {
  struct Hang {
    static Task<Result<Response>> Serve(Executor& executor) {
      co_await Sleep(executor, 24h);
      co_return Unavailable("slept");
    }
  };
  FakeService hang([&](Request) { return Hang::Serve(executor_); });
  Instance instance(executor_, limits_, hang);
  H1Client client(executor_, limits_, instance.connector());
  ProxyService proxy(client);
  H1Browser browser(executor_, limits_, proxy);
  browser.Send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.open_connections(), 1u);
  browser.Close();
  EXPECT_EQ(client.open_connections(), 0u);
  EXPECT_TRUE(instance.serving[0].is_done());
}

TEST_F(H1LoopTest, SurvivesAFailureOfEveryClientOperation) {
  for (const bool is_upgrade : {false, true}) {
    for (int fail_at = 1;; ++fail_at) {
      ASSERT_LT(fail_at, 1000);
      FailurePlan plan{.fail_at = fail_at};
      FakeService echo(is_upgrade ? EchoUpgrade : EchoStream);
      Instance instance(executor_, limits_, echo, 11, &plan);
      H1Client client(executor_, limits_, instance.connector());
      bool all_good = true;
      for (int round = 0; round < 2; ++round) {
        Request request =
            MakeRequest(is_upgrade ? "GET" : "POST",
                        std::make_unique<PieceBody>(std::vector<std::string>{"one", "two"}));
        if (is_upgrade) request.head.protocol = "websocket";
        auto response = executor_.Await(client.Exchange(std::move(request)));
        if (!response) {
          all_good = false;
          continue;
        }
        auto text = executor_.Await(ReadAll(response->body.get(), 1000));
        if (text) {
          EXPECT_EQ(*text, "onetwo");
        } else {
          all_good = false;
        }
      }
      executor_.Advance(1min);
      EXPECT_EQ(client.open_connections(), 0u);
      for (auto& task : instance.serving) EXPECT_TRUE(task.is_done());
      if (plan.count < fail_at) {
        EXPECT_TRUE(all_good);
        break;
      }
    }
  }
}

}  // namespace
}  // namespace berth::http
