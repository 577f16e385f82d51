// What a forward proxy answers an agent. Properties: the wait ends with the connection; bytes that
// come too early are refused however they are cut, never skipped; and what follows the handshake is
// left to its reader.
//
// Input: one byte (its low bits choose the kind of proxy, the rest the size of the pieces), then
// the bytes of the proxy.
#include <cstdint>

#include "base/check.h"
#include "base/executor_testing.h"
#include "net/memory_pipe_testing.h"
#include "net/proxy_handshake.h"

namespace berth::net {
namespace {

struct Outcome {
  bool is_connected = false;
  std::string rest;  // What the handshake did not take.
};

Outcome Talk(const char* url, std::string_view answers, std::size_t fragment) {
  berth::testing::TestExecutor executor;
  auto [ours, theirs] = testing::MakePipe(executor, {.fragment = fragment});
  const auto proxy = Proxy::Parse(url);
  CHECK(proxy.has_value());
  CHECK(executor.Await(testing::WriteText(*theirs, std::string(answers))).has_value());
  auto finished = executor.Await(theirs->ShutdownWrite());
  CHECK(finished.has_value());
  auto connected = executor.Await(ConnectThroughProxy(*ours, *proxy, {"hub.example", 443}));
  Outcome outcome{.is_connected = connected.has_value(), .rest = {}};
  if (!connected) {
    const ErrorKind kind = connected.error().kind;
    CHECK(kind == ErrorKind::kUnavailable || kind == ErrorKind::kUnauthorized);
    CHECK(answers.contains("pass") || !connected.error().message.contains("pass word"));
    return outcome;
  }
  for (;;) {
    auto rest = executor.Await(ours->Read());
    CHECK(rest.has_value());
    if (rest->empty()) return outcome;
    outcome.rest += AsText(*rest);
  }
}

}  // namespace
}  // namespace berth::net

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using berth::net::Outcome;
  using berth::net::Talk;
  if (size < 1 || size > 40'000) return 0;
  constexpr const char* kProxies[] = {"http://p", "http://me:pass%20word@p", "socks5h://p",
                                      "socks5h://me:pass%20word@p"};
  const std::string_view answers(reinterpret_cast<const char*>(data) + 1, size - 1);
  const char* url = kProxies[data[0] & 3U];
  const Outcome slow = Talk(url, answers, 1);
  const Outcome fast = Talk(url, answers, data[0] >> 2U);
  if (slow.is_connected) CHECK(answers.ends_with(slow.rest));
  if (fast.is_connected) CHECK(slow.is_connected && slow.rest == fast.rest);
  return 0;
}
