// What a hostile instance sends on a chat socket, and answers to the agent's own questions.
// Properties: how the bytes are cut changes nothing, and what is remembered stays small.
//
// The first byte of the input seeds the cuts.
#include <cstdint>

#include "agent/adapters/claudecodeui_chat.h"
#include "agent/json_request.h"
#include "base/check.h"

namespace berth::agent {
namespace {

/// The sessions that wait, after `bytes` came in pieces.
std::vector<control::SessionInfo> Read(net::Bytes bytes, std::uint32_t seed) {
  OpenQuestions questions;
  std::size_t changes = 0;
  questions.SetOnChange([&changes] { ++changes; });
  ChatWatch watch(questions);
  while (!bytes.empty()) {
    std::size_t count = bytes.size();
    if (seed != 0) {
      seed = seed * 1664525U + 1013904223U;
      count = std::min<std::size_t>(count, 1 + (seed >> 24U) % 11);
    }
    watch.OnBytes(bytes.first(count));
    bytes = bytes.subspan(count);
  }
  CHECK(questions.size() <= 64);
  CHECK(questions.size() == 0 || changes > 0);
  std::vector<control::SessionInfo> running(2);
  running[0].id = "a";
  running[1].id = "b";
  questions.AddTo(running);
  for (const control::SessionInfo& session : running) CHECK(session.reason.size() < 1000);
  return running;
}

}  // namespace
}  // namespace berth::agent

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth::agent;  // NOLINT
  if (size < 1) return 0;
  const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
  CHECK(Read(bytes, 0) == Read(bytes, data[0] + 1U));
  if (const auto answer = ParseJson(berth::net::AsText(bytes))) {
    const auto sessions = ParseRunningSessions(*answer);
    CHECK(sessions.size() <= 64);
    for (const auto& session : sessions) CHECK(!session.id.empty() && session.id.size() <= 200);
  }
  return 0;
}
