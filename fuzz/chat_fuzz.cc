// What a hostile instance sends on a chat socket, and answers to the agent's own questions.
// Properties: how the bytes are cut changes nothing, and what is remembered stays small.
//
// The first byte of the input seeds the cuts.
#include <cstdint>

#include "agent/adapters/claudecodeui_chat.h"
#include "base/check.h"
#include "base/json.h"

namespace berth::agent {
namespace {

/// The sessions that are known of after `bytes` came in pieces.
std::vector<control::SessionInfo> Read(net::Bytes bytes, std::uint32_t seed) {
  ChatSessions sessions([] { return WallTime(std::chrono::hours(1)); });
  std::size_t changes = 0;
  sessions.SetOnChange([&changes] { ++changes; });
  ChatWatch watch(sessions);
  while (!bytes.empty()) {
    std::size_t count = bytes.size();
    if (seed != 0) {
      seed = seed * 1664525U + 1013904223U;
      count = std::min<std::size_t>(count, 1 + (seed >> 24U) % 11);
    }
    watch.OnBytes(bytes.first(count));
    bytes = bytes.subspan(count);
  }
  CHECK(sessions.size() <= 128);
  auto list = sessions.List();
  CHECK(list.size() <= 64);
  CHECK(list.empty() || changes > 0);
  for (const control::SessionInfo& session : list) {
    CHECK(session.reason.size() < 1000 && session.error.size() < 1000);
    CHECK(!session.question || session.question->text.size() <= control::kMaxQuestion);
  }
  return list;
}

}  // namespace
}  // namespace berth::agent

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth::agent;  // NOLINT
  if (size < 1) return 0;
  const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
  CHECK(Read(bytes, 0) == Read(bytes, data[0] + 1U));
  if (const auto answer = berth::ParseJson(berth::net::AsText(bytes))) {
    const auto running = claudecodeui::ParseRunningSessions(*answer);
    CHECK(running.size() <= 64);
    for (const auto& session : running) CHECK(!session.id.empty() && session.id.size() <= 200);
    // The same on the agent's own socket.
    ChatSessions sessions([] { return berth::WallTime(std::chrono::hours(1)); });
    sessions.SetSaysResolved(data[0] % 2 == 0);
    sessions.OnMessage(berth::net::AsText(bytes), claudecodeui::Origin::kObserver);
    sessions.SetRunning(running, sessions.Now());
    CHECK(sessions.List().size() <= 64);
  }
  return 0;
}
