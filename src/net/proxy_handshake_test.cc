// What is said to forward proxies, byte by byte, over streams in memory.
#include "net/proxy_handshake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/executor_testing.h"
#include "base/result_testing.h"
#include "net/memory_pipe_testing.h"

namespace berth::net {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;
using berth::testing::TestExecutor;
using ::testing::HasSubstr;
using testing::MakePipe;
using testing::ReadText;
using testing::WriteText;

/// One side of a conversation: what the proxy expects, then what it says.
struct Step {
  std::string expected;
  std::string answer;
};

Result<void> Talk(const char* url, HostPort target, const std::vector<Step>& steps) {
  TestExecutor executor;
  auto [ours, theirs] = MakePipe(executor, {.fragment = 1});
  auto proxy = Proxy::Parse(url);
  auto task = ConnectThroughProxy(*ours, *proxy, std::move(target));
  task.Start();
  for (const Step& step : steps) {
    auto heard = executor.Await(ReadText(*theirs, step.expected.size()));
    EXPECT_EQ(*heard, step.expected);
    EXPECT_THAT(executor.Await(WriteText(*theirs, step.answer)), IsOk());
  }
  theirs.reset();
  executor.RunUntilIdle();
  EXPECT_TRUE(task.is_done());
  return task.Take();
}

const HostPort kTarget{"hub.example.org", 443};
const std::string kConnect =
    "CONNECT hub.example.org:443 HTTP/1.1\r\nHost: hub.example.org:443\r\n";

TEST(HttpProxyTest, Connects) {
  EXPECT_THAT(Talk("http://p", kTarget,
                   {{kConnect + "\r\n", "HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n"}}),
              IsOk());
  EXPECT_THAT(
      Talk("http://p", {"::1", 5},
           {{"CONNECT [::1]:5 HTTP/1.1\r\nHost: [::1]:5\r\n\r\n", "HTTP/1.0 204 \r\n\r\n"}}),
      IsOk());
}

TEST(HttpProxyTest, SendsCredentials) {
  EXPECT_THAT(
      Talk("http://me:pw@p", kTarget,
           {{kConnect + "Proxy-Authorization: Basic bWU6cHc=\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"}}),
      IsOk());
}

TEST(HttpProxyTest, SaysWhatTheProxyAnswered) {
  auto refused = Talk("http://p", kTarget, {{kConnect + "\r\n", "HTTP/1.1 403 No way\r\n\r\n"}});
  EXPECT_THAT(refused, FailsWith(ErrorKind::kUnavailable));
  EXPECT_THAT(refused.error().message, HasSubstr("403 No way"));
  EXPECT_THAT(refused.error().message, HasSubstr("p:80"));
  EXPECT_THAT(Talk("http://p", kTarget, {{kConnect + "\r\n", "HTTP/1.1 407 Auth\r\n\r\n"}}),
              FailsWith(ErrorKind::kUnauthorized));
  EXPECT_THAT(Talk("http://p", kTarget, {{kConnect + "\r\n", "HTTP/1.1 200 OK\r\n"}}),
              FailsWith(ErrorKind::kUnavailable));
  EXPECT_THAT(Talk("http://p", kTarget, {{kConnect + "\r\n", "SSH-2.0-x\r\n\r\n"}}),
              FailsWith(ErrorKind::kUnavailable));
  EXPECT_THAT(Talk("http://p", kTarget, {{kConnect + "\r\n", std::string(20'000, 'x')}}),
              FailsWith(ErrorKind::kUnavailable));
}

TEST(Socks5Test, ConnectsByNameAndByAddress) {
  using namespace std::string_literals;
  EXPECT_THAT(Talk("socks5h://p", kTarget,
                   {{"\x05\x01\x00"s, "\x05\x00"s},
                    {"\x05\x01\x00\x03\x0fhub.example.org\x01\xbb"s,
                     "\x05\x00\x00\x01\x7f\x00\x00\x01\x04\x38"s}}),
              IsOk());
  EXPECT_THAT(
      Talk("socks5://p", {"192.0.2.1", 80},
           {{"\x05\x01\x00"s, "\x05\x00"s},
            {"\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x50"s, "\x05\x00\x00\x03\x04host\x04\x38"s}}),
      IsOk());
  EXPECT_THAT(Talk("socks5://p", {"2001:db8::1", 80},
                   {{"\x05\x01\x00"s, "\x05\x00"s},
                    {"\x05\x01\x00\x04\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01\x00\x50"s,
                     "\x05\x00\x00\x04"s + std::string(16, '\1') + "\x04\x38"s}}),
              IsOk());
}

TEST(Socks5Test, SendsCredentials) {
  using namespace std::string_literals;
  const Step greeting{"\x05\x02\x00\x02"s, "\x05\x02"s};
  EXPECT_THAT(
      Talk("socks5h://me:pw@p", {"a", 1},
           {greeting,
            {"\x01\x02me\x02pw"s, "\x01\x00"s},
            {"\x05\x01\x00\x03\x01\x61\x00\x01"s, "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"s}}),
      IsOk());
  EXPECT_THAT(Talk("socks5h://me:pw@p", {"a", 1}, {greeting, {"\x01\x02me\x02pw"s, "\x01\x01"s}}),
              FailsWith(ErrorKind::kUnauthorized));
  EXPECT_THAT(Talk("socks5h://p", {"a", 1}, {{"\x05\x01\x00"s, "\x05\xff"s}}),
              FailsWith(ErrorKind::kUnauthorized));
}

TEST(Socks5Test, SaysWhyTheProxyRefused) {
  using namespace std::string_literals;
  auto refused =
      Talk("socks5h://p", {"a", 1},
           {{"\x05\x01\x00"s, "\x05\x00"s},
            {"\x05\x01\x00\x03\x01\x61\x00\x01"s, "\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00"s}});
  EXPECT_THAT(refused, FailsWith(ErrorKind::kUnavailable));
  EXPECT_THAT(refused.error().message, HasSubstr("connection refused"));
  EXPECT_THAT(Talk("socks5h://p", {"a", 1}, {{"\x05\x01\x00"s, "HT"}}),
              FailsWith(ErrorKind::kUnavailable));
}

}  // namespace
}  // namespace berth::net
