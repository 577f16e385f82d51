// A connection that its upgrade takes over.
#include <gtest/gtest.h>

#include "base/result_testing.h"
#include "http/h1_server.h"
#include "http/h1_testing.h"

namespace berth::http {
namespace {

using namespace std::chrono_literals;
using berth::testing::TestExecutor;
using testing::FakeService;
using testing::H1Browser;
using testing::kGet;

class H1TakeoverTest : public ::testing::Test {
 protected:
  TestExecutor executor_;
  Limits limits_;
};

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

TEST_F(H1TakeoverTest, AnUpgradeMayTakeTheConnectionWithAllThatCame) {
  FakeService service(TakeOver);
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

TEST_F(H1TakeoverTest, OnlyAnUpgradeMayTakeTheConnection) {
  FakeService service(TakeOver);
  H1Browser browser(executor_, limits_, service);
  browser.Send(kGet);
  EXPECT_TRUE(browser.Take().starts_with("HTTP/1.1 200 "));
}

TEST_F(H1TakeoverTest, ABrowserThatLeavesWithItsUpgradeIsNotHandedOn) {
  FakeService service(TakeOver);
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

}  // namespace
}  // namespace berth::http
