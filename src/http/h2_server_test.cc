// ServeH2 and H2Client over streams in memory: transport, deadlines, drain, failures.
#include "http/h2_server.h"

#include <gtest/gtest.h>

#include "http/h2_client_testing.h"
#include "http/h2_testing.h"
#include "net/memory_pipe_testing.h"

namespace berth::http {
namespace {

using namespace std::chrono_literals;
using namespace testing;  // NOLINT: the fixture's own vocabulary.
using net::testing::FailingStream;
using net::testing::FailurePlan;
using net::testing::MakePipe;
using net::testing::PipeOptions;

Task<Result<std::string>> FetchText(Service& service, Request request) {
  auto response = co_await service.Exchange(std::move(request));
  if (!response) co_return std::move(response).error();
  auto body = co_await ReadAll(response->body.get(), 16 << 20);
  co_return body;
}

class H2ServerTest : public ::testing::Test {
 protected:
  void Connect(PipeOptions options = {}) {
    auto [hub, browser] = MakePipe(executor, options);
    Connect(std::move(hub), std::move(browser));
  }
  void Connect(net::StreamPtr hub, net::StreamPtr browser) {
    serving = ServeH2(executor, limits, std::move(hub), service, {.drain = &drain});
    serving.Start();
    client = std::make_unique<H2Client>(executor, limits, std::move(browser));
  }

  TestExecutor executor;
  Limits limits;
  Event drain{executor};
  ManualSource source{executor};
  FakeService service{Echo};
  Task<void> serving;
  std::unique_ptr<H2Client> client;
};

TEST_F(H2ServerTest, ServesWhateverThePiecesOfTheStream) {
  const std::string text(200'000, 'x');
  for (const std::size_t fragment : {0u, 1u, 1000u}) {
    Connect({.fragment = fragment, .capacity = 5'000});
    auto echoed = executor.Await(FetchText(*client, Post("/", std::make_unique<TextBody>(text))));
    ASSERT_THAT(echoed, IsOk());
    EXPECT_EQ(*echoed, text);
    EXPECT_EQ(service.last.scheme, "http");  // What the connection is, whatever the peer says.
    client.reset();
    executor.RunUntilIdle();
    EXPECT_TRUE(serving.is_done());
  }
}

TEST_F(H2ServerTest, AnIdleConnectionEnds) {
  Connect();
  auto echoed = executor.Await(FetchText(*client, Get("/")));
  ASSERT_THAT(echoed, IsOk());
  executor.Advance(limits.idle_timeout - 1s);
  EXPECT_FALSE(serving.is_done());
  EXPECT_TRUE(client->is_open());
  executor.Advance(5s);
  EXPECT_TRUE(serving.is_done());
  EXPECT_FALSE(client->is_open());
}

TEST_F(H2ServerTest, AnOpenStreamKeepsTheConnectionAlive) {
  Connect();
  auto response =
      executor.Await(client->Exchange(Upgrade("/ws", std::make_unique<ManualBody>(source))));
  ASSERT_THAT(response, IsOk());
  executor.Advance(10 * limits.idle_timeout);
  EXPECT_FALSE(serving.is_done());
  source.Push("still here");
  auto piece = executor.Await(response->body->Read());
  ASSERT_THAT(piece, IsOk());
  EXPECT_EQ(net::AsText(*piece), "still here");
}

TEST_F(H2ServerTest, ASilentPeerWithOpenStreamsIsNoticed) {
  auto [hub, browser] = MakePipe(executor);
  serving = ServeH2(executor, limits, std::move(hub), service, {});
  serving.Start();
  FieldList fields = GetFields();
  fields[0].second = "POST";
  auto written = executor.Await(
      net::testing::WriteText(*browser, Preface() + Frame(kHeaders, 4, 1, Block(fields))));
  ASSERT_THAT(written, IsOk());
  executor.RunUntilIdle();
  executor.Advance(limits.idle_timeout + limits.ping_answer + 1s);
  EXPECT_TRUE(serving.is_done());
}

TEST_F(H2ServerTest, AnUnfinishedStartOrHeadIsEnded) {
  for (const std::string& bytes :
       {std::string(), std::string("PRI * HT"),
        Preface() + Frame(kHeaders, 0, 1, Block(GetFields())),
        Preface() + Frame(kHeaders, 0, 1, Block(GetFields())) + Frame(kContinuation, 0, 1, "")}) {
    auto [hub, browser] = MakePipe(executor);
    serving = ServeH2(executor, limits, std::move(hub), service, {});
    serving.Start();
    auto written = executor.Await(net::testing::WriteText(*browser, bytes));
    ASSERT_THAT(written, IsOk());
    executor.Advance(limits.head_timeout + 2s);
    EXPECT_TRUE(serving.is_done()) << bytes.size();
  }
}

TEST_F(H2ServerTest, APeerThatDoesNotReadIsCut) {
  service = FakeService([](Request) -> Task<Result<Response>> {
    Response response;
    response.body = std::make_unique<PatternBody>(1'000'000'000);
    co_return response;
  });
  auto [hub, browser] = MakePipe(executor, {.write_stall = limits.write_stall_timeout});
  serving = ServeH2(executor, limits, std::move(hub), service, {});
  serving.Start();
  // A huge window, so that only the transport holds the response back.
  auto written = executor.Await(net::testing::WriteText(
      *browser, Preface() + Frame(kWindow, 0, 0, Number(0x7000'0000)) +
                    Frame(kSettings, 0, 0, std::string("\0\4", 2) + Number(0x7000'0000)) +
                    Frame(kHeaders, 5, 1, Block(GetFields()))));
  ASSERT_THAT(written, IsOk());
  executor.Advance(limits.write_stall_timeout - 1s);
  EXPECT_FALSE(serving.is_done());
  executor.Advance(2s);
  EXPECT_TRUE(serving.is_done());
}

TEST_F(H2ServerTest, AFloodIsAnsweredWithGoawayAndEnds) {
  auto [hub, browser] = MakePipe(executor);
  serving = ServeH2(executor, limits, std::move(hub), service, {});
  serving.Start();
  std::string bytes = Preface();
  for (int i = 0; i < 200; ++i) bytes += Frame(kPing, 0, 0, "12345678");
  auto written = executor.Await(net::testing::WriteText(*browser, bytes));
  ASSERT_THAT(written, IsOk());
  auto answer = executor.Await(net::testing::ReadAllText(*browser));
  ASSERT_THAT(answer, IsOk());
  const auto frames = ParseFrames(*answer);
  ASSERT_FALSE(frames.empty());
  EXPECT_EQ(frames.back().type, kGoaway);
  EXPECT_EQ(frames.back().payload[7], 11);
  executor.Advance(2s);
  EXPECT_TRUE(serving.is_done());
}

TEST_F(H2ServerTest, DrainLetsTheLastExchangeFinish) {
  Connect();
  auto response = executor.Await(client->Exchange(Post("/", std::make_unique<ManualBody>(source))));
  ASSERT_THAT(response, IsOk());
  drain.Set();
  executor.RunUntilIdle();
  EXPECT_FALSE(client->is_open() && executor.Await(client->Exchange(Get("/"))));
  EXPECT_FALSE(serving.is_done());
  source.Push("last words");
  source.Finish();
  auto text = executor.Await(ReadAll(response->body.get(), 100));
  ASSERT_THAT(text, IsOk());
  EXPECT_EQ(*text, "last words");
  executor.RunUntilIdle();
  EXPECT_TRUE(serving.is_done());
}

TEST_F(H2ServerTest, DrainEndsAnIdleConnectionAtOnce) {
  Connect();
  executor.RunUntilIdle();
  drain.Set();
  executor.RunUntilIdle();
  EXPECT_TRUE(serving.is_done());
}

TEST_F(H2ServerTest, ThePeersEndCancelsItsExchanges) {
  Connect();
  auto response = executor.Await(client->Exchange(Post("/", std::make_unique<ManualBody>(source))));
  ASSERT_THAT(response, IsOk());
  serving.Reset();  // The hub vanishes.
  executor.RunUntilIdle();
  EXPECT_THAT(executor.Await(response->body->Read()), FailsWith(ErrorKind::kUnavailable));
  EXPECT_TRUE(source.is_gone);
  EXPECT_FALSE(client->is_open());
  EXPECT_THAT(executor.Await(client->Exchange(Get("/"))), FailsWith(ErrorKind::kUnavailable));
}

TEST_F(H2ServerTest, DroppingTheTaskDropsItsHandlers) {
  service = FakeService([this](Request) {
    return [](ManualSource& s) -> Task<Result<Response>> {
      Response response;
      response.body = std::make_unique<ManualBody>(s);
      co_return response;
    }(source);
  });
  Connect();
  auto response = executor.Await(client->Exchange(Get("/")));
  ASSERT_THAT(response, IsOk());
  serving.Reset();
  EXPECT_TRUE(source.is_gone);
}

TEST_F(H2ServerTest, EveryFailingOperationEndsCleanly) {
  const std::string text(100'000, 'x');
  int fail_at = 1;
  for (;; ++fail_at) {
    FailurePlan plan{.fail_at = fail_at};
    auto [hub, browser] = MakePipe(executor, {.capacity = 10'000});
    Connect(std::make_unique<FailingStream>(std::move(hub), plan),
            std::make_unique<FailingStream>(std::move(browser), plan));
    auto task = FetchText(*client, Post("/", std::make_unique<TextBody>(text)));
    task.Start();
    executor.RunUntilIdle();
    ASSERT_TRUE(task.is_done()) << fail_at;
    auto echoed = task.Take();
    client.reset();
    executor.Advance(2s);
    EXPECT_TRUE(serving.is_done()) << fail_at;
    serving.Reset();
    if (plan.count < fail_at) {
      ASSERT_THAT(echoed, IsOk());
      break;
    }
  }
  EXPECT_GT(fail_at, 10);
}

}  // namespace
}  // namespace berth::http
