// Dial over real sockets: look-up, failures, and small proxies of the test's own.
#include "net/dial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/result_testing.h"
#include "base/task_group.h"
#include "base/temp_folder_testing.h"
#include "net/certificate_testing.h"
#include "net/listener.h"
#include "net/stream_pair_testing.h"

namespace berth::net {
namespace {

using namespace std::chrono_literals;
using berth::testing::FailsWith;
using berth::testing::IsOk;
using testing::Await;
using ::testing::HasSubstr;
using testing::ReadAllText;
using testing::ReadText;
using testing::TestCertificate;
using testing::WriteText;

/// Says back what it hears, in capitals of course.
Task<void> Echo(StreamPtr stream) {
  auto ready = co_await stream->Handshake();
  while (ready) {
    auto read = co_await stream->Read();
    if (!read || read->empty()) break;
    const Bytes piece = *read;
    auto written = co_await stream->Write(std::span(&piece, 1));
    if (!written) break;
  }
}

Task<void> EchoAll(Listener& listener, TaskGroup& group) {
  for (;;) {
    auto accepted = co_await listener.Accept();
    if (!accepted) break;
    group.Spawn("echo", Echo(std::move(*accepted)));
  }
}

Task<void> Pump(std::shared_ptr<ByteStream> from, std::shared_ptr<ByteStream> to) {
  for (;;) {
    auto read = co_await from->Read();
    if (!read || read->empty()) break;
    const Bytes piece = *read;
    auto written = co_await to->Write(std::span(&piece, 1));
    if (!written) break;
  }
  to->Close();
}

/// A proxy that reads a fixed number of questions, answers each, and passes on to `target`.
struct ToyProxy {
  Loop& loop;
  Listener& listener;
  TaskGroup& group;
  std::uint16_t target;
  const Limits& limits;
  std::vector<std::pair<std::size_t, std::string>> steps;  ///< Bytes of a question, the answer.
  std::vector<std::string> heard;
};

Task<void> RunProxy(ToyProxy& proxy) {
  auto accepted = co_await proxy.listener.Accept();
  const std::shared_ptr<ByteStream> near = std::move(*accepted);
  for (const auto& [size, answer] : proxy.steps) {
    auto question = co_await ReadText(*near, size);
    proxy.heard.push_back(question ? *question : question.error().ToString());
    auto answered = co_await WriteText(*near, answer);
    if (!answered) co_return;
  }
  auto dialled = co_await ConnectTcp(proxy.loop, {"127.0.0.1", proxy.target}, proxy.limits);
  if (!dialled) co_return;
  const std::shared_ptr<ByteStream> far = std::move(*dialled);
  proxy.group.Spawn("pump", Pump(near, far));
  proxy.group.Spawn("pump", Pump(far, near));
}

class DialTest : public ::testing::Test {
 protected:
  DialTest() : group_(loop_) {}
  void SetUp() override {
    TestCertificate({}).Write(folder_.path(), "hub");
    const std::string base = (folder_.path() / "hub").string();
    tls_server_ =
        *TlsServer::Create({.certificate_file = base + ".crt", .key_file = base + ".key"});
    tls_ = *TlsClient::Create({.authority_file = base + ".crt"});
    plain_ = *Listener::Create(loop_, {"localhost", 0}, nullptr, limits_);
    secure_ = *Listener::Create(loop_, {"localhost", 0}, tls_server_.get(), limits_);
    group_.Spawn("plain", EchoAll(*plain_, group_));
    group_.Spawn("secure", EchoAll(*secure_, group_));
  }

  Result<std::string> Ask(DialTarget target, const ProxySettings& proxies = {}) {
    return Await(loop_, Converse(loop_, std::move(target), proxies, *tls_, limits_));
  }
  static Task<Result<std::string>> Converse(Loop& loop, DialTarget target,
                                            const ProxySettings& proxies, const TlsClient& tls,
                                            const Limits& limits) {
    auto stream = co_await Dial(loop, std::move(target), proxies, tls, limits);
    if (!stream) co_return std::move(stream).error();
    auto written = co_await WriteText(**stream, "hello");
    if (!written) co_return std::move(written).error();
    auto answer = co_await ReadText(**stream, 5);
    if (!answer) co_return std::move(answer).error();
    co_return *answer + " " + (*stream)->peer().alpn;
  }

  berth::testing::TempFolder folder_;
  Limits limits_;
  Loop loop_;
  std::unique_ptr<TlsServer> tls_server_;
  std::unique_ptr<TlsClient> tls_;
  std::unique_ptr<Listener> plain_;
  std::unique_ptr<Listener> secure_;
  TaskGroup group_;
};

TEST_F(DialTest, ReachesNamesAndAddresses) {
  EXPECT_EQ(*Ask({.address = {"127.0.0.1", plain_->port()}}), "hello ");
  EXPECT_EQ(*Ask({.address = {"localhost", plain_->port()}}), "hello ");
  EXPECT_EQ(*Ask({.address = {"localhost", secure_->port()},
                  .security = Security::kTls,
                  .alpn = {"http/1.1"}}),
            "hello http/1.1");
  EXPECT_EQ(*Ask({.address = {"127.0.0.1", secure_->port()},
                  .security = Security::kTls,
                  .server_name = "localhost"}),
            "hello ");
}

TEST_F(DialTest, SendsNothingToWhomItsCallerDoesNotAdmit) {
  const auto refuse = [](int descriptor) -> Result<void> {
    EXPECT_GE(descriptor, 0);
    return Forbidden("not them");
  };
  for (const auto& [listener, security] :
       {std::pair(plain_.get(), Security::kPlain), std::pair(secure_.get(), Security::kTls)}) {
    const DialTarget target{.address = {"localhost", listener->port()}, .security = security};
    DialTarget guarded = target;
    guarded.admit = refuse;
    EXPECT_THAT(Ask(guarded), FailsWith(ErrorKind::kForbidden));
    guarded.admit = [](int) { return Ok(); };
    EXPECT_THAT(Ask(guarded), IsOk());
  }
}

TEST_F(DialTest, SaysWhatFailedAndWhere) {
  std::uint16_t free_port = 0;
  free_port = (*Listener::Create(loop_, {"localhost", 0}, nullptr, limits_))->port();
  auto refused = Ask({.address = {"localhost", free_port}});
  EXPECT_THAT(refused, FailsWith(ErrorKind::kUnavailable));
  EXPECT_THAT(refused.error().message, HasSubstr("localhost:" + std::to_string(free_port)));
  auto wrong = Ask({.address = {"localhost", secure_->port()},
                    .security = Security::kTls,
                    .server_name = "hub.example.org"});
  EXPECT_THAT(wrong, FailsWith(ErrorKind::kInvalid));
}

TEST(ConnectErrorTest, AMachineThatIsNotOnTheNetworkYetMayTryAgain) {
  for (const int number : {EADDRNOTAVAIL, EAFNOSUPPORT, EHOSTDOWN, EACCES, EPERM, ENETUNREACH}) {
    EXPECT_EQ(ConnectError(number, "connect").kind, ErrorKind::kUnavailable) << number;
  }
  EXPECT_EQ(ConnectError(ETIMEDOUT, "connect").kind, ErrorKind::kTimeout);
  EXPECT_EQ(ConnectError(EMFILE, "open socket").kind, ErrorKind::kInternal);
  EXPECT_EQ(FromErrno(EACCES, "open a file").kind, ErrorKind::kInternal);
}

TEST_F(DialTest, GivesUpOnALookUpInTime) {
  limits_.connect_timeout = 50ms;
  auto unknown = Ask({.address = {"no-such-host.invalid", 1}});
  ASSERT_FALSE(unknown);  // At once or by the deadline, as the machine's resolver likes.
  EXPECT_THAT(unknown.error().message, HasSubstr("no-such-host.invalid"));
}

TEST_F(DialTest, GivesUpOnASilentHandshakeInTime) {
  limits_.connect_timeout = 30ms;
  auto silent = *Listener::Create(loop_, {"localhost", 0}, nullptr, limits_);
  EXPECT_THAT(Ask({.address = {"localhost", silent->port()}, .security = Security::kTls}),
              FailsWith(ErrorKind::kTimeout));
}

TEST_F(DialTest, ADroppedDialLeavesNothingBehind) {
  const ProxySettings none;
  for (const char* host : {"127.0.0.1", "localhost"}) {
    auto dial = Dial(loop_, {.address = {host, secure_->port()}, .security = Security::kTls}, none,
                     *tls_, limits_);
    dial.Start();
    EXPECT_FALSE(dial.is_done());
  }
  EXPECT_TRUE(Await(loop_, testing::Pause(loop_, 5ms)));
}

TEST_F(DialTest, GoesThroughAnHttpProxyWithTls) {
  auto listener = *Listener::Create(loop_, {"127.0.0.1", 0}, nullptr, limits_);
  const std::string request =
      "CONNECT hub.test:443 HTTP/1.1\r\nHost: hub.test:443\r\n"
      "Proxy-Authorization: Basic bWU6cHc=\r\n\r\n";
  ToyProxy proxy{loop_,   *listener,
                 group_,  secure_->port(),
                 limits_, {{request.size(), "HTTP/1.1 200 OK\r\n\r\n"}},
                 {}};
  group_.Spawn("proxy", RunProxy(proxy));
  ProxySettings settings;
  settings.for_tls = *Proxy::Parse("http://me:pw@127.0.0.1:" + std::to_string(listener->port()));
  EXPECT_EQ(*Ask({.address = {"hub.test", 443},
                  .security = Security::kTls,
                  .alpn = {"http/1.1"},
                  .server_name = "localhost"},
                 settings),
            "hello http/1.1");
  EXPECT_EQ(proxy.heard, std::vector<std::string>{request});
  group_.CancelAll();
}

TEST_F(DialTest, GoesThroughASocksProxy) {
  using namespace std::string_literals;
  auto listener = *Listener::Create(loop_, {"127.0.0.1", 0}, nullptr, limits_);
  ToyProxy proxy{loop_,   *listener,
                 group_,  plain_->port(),
                 limits_, {{3, "\x05\x00"s}, {15, "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"s}},
                 {}};
  group_.Spawn("proxy", RunProxy(proxy));
  ProxySettings settings;
  settings.for_plain = *Proxy::Parse("socks5h://127.0.0.1:" + std::to_string(listener->port()));
  EXPECT_EQ(*Ask({.address = {"hub.test", 80}}, settings), "hello ");
  EXPECT_EQ(proxy.heard[1], "\x05\x01\x00\x03\x08hub.test\x00\x50"s);
  group_.CancelAll();
}

TEST_F(DialTest, WhatIsLookedUpHereForAProxyIsHeldToTheRule) {
  ProxySettings settings;
  settings.for_plain = *Proxy::Parse("socks5://127.0.0.1:1");
  // The system's resolver makes 127.0.0.1 of it.
  const HostPort number{"2130706433", 80};
  EXPECT_THAT(Ask({.address = number, .addresses = AddressRule::kPublicOnly}, settings),
              FailsWith(ErrorKind::kForbidden));
  EXPECT_THAT(Ask({.address = number}, settings), FailsWith(ErrorKind::kUnavailable));
}

TEST_F(DialTest, SaysThatTheProxyCannotBeReached) {
  ProxySettings settings;
  std::uint16_t free_port = 0;
  free_port = (*Listener::Create(loop_, {"127.0.0.1", 0}, nullptr, limits_))->port();
  settings.for_plain = *Proxy::Parse("http://127.0.0.1:" + std::to_string(free_port));
  auto refused = Ask({.address = {"hub.test", 80}}, settings);
  EXPECT_THAT(refused, FailsWith(ErrorKind::kUnavailable));
  EXPECT_THAT(refused.error().message, HasSubstr("proxy for hub.test:80"));
}

/// Lowers the process's limit of open files to what is open, for a while.
class NoMoreFiles {
 public:
  NoMoreFiles() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int next = dup(0);
    close(next);
    rlimit now = before_;
    now.rlim_cur = static_cast<rlim_t>(next);
    setrlimit(RLIMIT_NOFILE, &now);
  }
  ~NoMoreFiles() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST(ListenerTest, RefusesWhileDescriptorsAreShort) {
#if __has_feature(undefined_behavior_sanitizer)
  GTEST_SKIP() << "the sanitizer itself needs descriptors to look at a vtable";
#endif
  Loop loop;
  const Limits limits;
  auto listener = *Listener::Create(loop, {"127.0.0.1", 0}, nullptr, limits);
  const auto dial = [&] {
    return Await(loop, ConnectTcp(loop, {"127.0.0.1", listener->port()}, limits));
  };
  auto refused = dial();
  ASSERT_THAT(refused, IsOk());
  auto accept = listener->Accept();
  {
    const NoMoreFiles shortage;
    accept.Start();
    auto read = Await(loop, (*refused)->Read());
    ASSERT_THAT(read, IsOk());
    EXPECT_TRUE(read->empty());  // Closed.
    EXPECT_FALSE(accept.is_done());
  }
  auto taken = dial();
  ASSERT_THAT(taken, IsOk());
  EXPECT_THAT(Await(loop, std::move(accept)), IsOk());
}

}  // namespace
}  // namespace berth::net
