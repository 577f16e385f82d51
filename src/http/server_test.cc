// Server over real sockets: the limit of connections, and those that an upgrade took over.
#include "http/server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "base/result_testing.h"
#include "base/temp_folder_testing.h"
#include "http/taken_connection.h"
#include "net/certificate_testing.h"
#include "net/dial.h"
#include "net/loop_testing.h"
#include "net/stream_pair_testing.h"
#include "net/tls.h"

namespace berth::http {
namespace {

using namespace std::chrono_literals;
using berth::testing::IsOk;
using net::testing::Await;

/// Holds the connection until the peer ends it.
Task<void> Hold(net::StreamPtr stream, std::string) { (void)co_await stream->Read(); }

/// Upgrades take their connection over, everything else gets 200.
class Taking : public Service {
 public:
  Task<Result<Response>> Exchange(Request request) override {
    Response response = TextResponse(200, "text/plain", "");
    if (request.may_take_over) {
      response.head.status = 101;
      response.takeover = std::make_unique<Takeover>(Hold);
    }
    co_return response;
  }
};

/// Sends the text on a new connection, and reads once.
Task<Result<std::string>> Ask(net::ByteStream& stream, std::string_view text) {
  const Bytes bytes = net::AsBytes(text);
  auto written = co_await stream.Write(std::span(&bytes, 1));
  if (!written) co_return std::move(written).error();
  auto read = co_await stream.Read();
  if (!read) co_return std::move(read).error();
  co_return std::string(net::AsText(*read));
}

/// A server that takes one connection.
struct ServerTest : ::testing::Test {
  void SetUp() override {
    limits.connections = 1;
    auto listener = net::Listener::Create(loop, {"127.0.0.1", 0}, nullptr, limits);
    ASSERT_THAT(listener, IsOk());
    address.port = (*listener)->port();
    server.emplace(loop, limits, std::move(*listener), service);
    server->Start();
  }

  net::Loop loop;
  Limits limits;
  Taking service;
  net::HostPort address{"127.0.0.1", 0};
  std::optional<Server> server;
};

TEST_F(ServerTest, ATakenConnectionCountsUntilItEnds) {
  auto first = Await(loop, net::ConnectTcp(loop, address, limits));
  auto second = Await(loop, net::ConnectTcp(loop, address, limits));
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  auto upgraded = Await(
      loop,
      Ask(**first,
          "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
  ASSERT_THAT(upgraded, IsOk());
  EXPECT_TRUE(upgraded->starts_with("HTTP/1.1 101 "));
  auto waiting = Ask(**second, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  waiting.Start();
  EXPECT_EQ(server->connections(), 1u);
  EXPECT_FALSE(waiting.is_done());
  first->reset();
  auto answer = Await(loop, std::move(waiting));
  ASSERT_THAT(answer, IsOk());
  EXPECT_TRUE(answer->starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(server->connections(), 1u);
}

Task<Result<void>> Drain(Server& server) {
  co_await server.Drain();
  co_return Ok();
}

TEST_F(ServerTest, AHandshakeThatIsNotFinishedHoldsNoStop) {
  const berth::testing::TempFolder folder;
  net::testing::TestCertificate({}).Write(folder.path(), "hub");
  auto tls = net::TlsServer::Create(
      {.certificate_file = folder.path() / "hub.crt", .key_file = folder.path() / "hub.key"});
  ASSERT_THAT(tls, IsOk());
  limits.connect_timeout = limits.drain_grace = std::chrono::hours(1);
  auto listener = net::Listener::Create(loop, {"127.0.0.1", 0}, tls->get(), limits);
  ASSERT_THAT(listener, IsOk());
  address.port = (*listener)->port();
  Server behind_tls(loop, limits, std::move(*listener), service);
  behind_tls.Start();
  auto silent = Await(loop, net::ConnectTcp(loop, address, limits));
  ASSERT_THAT(silent, IsOk());
  while (behind_tls.connections() == 0) Await(loop, net::testing::Pause(loop, 1ms));
  EXPECT_THAT(Await(loop, Drain(behind_tls)), IsOk());
}

TEST_F(ServerTest, ConnectionsThatComeAndGoAtTheLimitAreOneLineOfTheLog) {
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 3; ++i) {
    auto stream = Await(loop, net::ConnectTcp(loop, address, limits));
    ASSERT_THAT(stream, IsOk());
    auto answer = Await(loop, Ask(**stream, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    EXPECT_THAT(answer, IsOk());
  }
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::ranges::count(log, '\n'), 1) << log;
}

}  // namespace
}  // namespace berth::http
