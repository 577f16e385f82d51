// For tests: connections through a real listener, and what every kind of them must be able to do.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "base/task_group.h"
#include "net/dial.h"
#include "net/listener.h"
#include "net/loop_testing.h"
#include "net/memory_pipe_testing.h"

namespace berth::net::testing {

struct Connected {
  StreamPtr dialled;
  StreamPtr accepted;
};

namespace stream_pair_internal {

inline Task<Result<Connected>> Connect(Loop& loop, Listener& listener, const Limits& limits) {
  auto dialled = co_await ConnectTcp(loop, {"127.0.0.1", listener.port()}, limits);
  if (!dialled) co_return std::move(dialled).error();
  auto accepted = co_await listener.Accept();
  if (!accepted) co_return std::move(accepted).error();
  Connected both;
  both.dialled = std::move(*dialled);
  both.accepted = std::move(*accepted);
  co_return both;
}

inline Task<void> WriteAndFinish(ByteStream& stream, std::string text, bool& failed) {
  auto written = co_await WriteText(stream, std::move(text));
  auto finished = co_await stream.ShutdownWrite();
  failed = failed || !written || !finished;
}

inline Task<Result<bool>> Exchange(Loop& loop, ByteStream& a, ByteStream& b) {
  std::string forth(8 * 1024 * 1024, '\0');
  for (std::size_t i = 0; i < forth.size(); ++i)
    forth[i] = static_cast<char>(i * 2654435761u >> 13);
  const std::string back = forth.substr(1'000'001);
  bool failed = false;
  TaskGroup writers(loop);
  writers.Spawn("forth", WriteAndFinish(a, forth, failed));
  writers.Spawn("back", WriteAndFinish(b, back, failed));
  // One direction is read only after the other: its writer has to wait.
  auto at_b = co_await ReadAllText(b);
  auto at_a = co_await ReadAllText(a);
  co_await writers.WaitEmpty();
  if (!at_a) co_return std::move(at_a).error();
  if (!at_b) co_return std::move(at_b).error();
  co_return !failed && *at_b == forth && *at_a == back;
}

}  // namespace stream_pair_internal

/// A plain dialled connection and what `listener` made of it (handshake not done).
inline Connected Connect(Loop& loop, Listener& listener, const Limits& limits) {
  auto both = Await(loop, stream_pair_internal::Connect(loop, listener, limits));
  if (!both) throw std::runtime_error(both.error().ToString());
  return std::move(*both);
}

/// Sends 8 MiB each way at once, with half-closes, and compares.
inline bool CarriesMuchBothWays(Loop& loop, ByteStream& a, ByteStream& b) {
  auto same = Await(loop, stream_pair_internal::Exchange(loop, a, b));
  if (!same) throw std::runtime_error(same.error().ToString());
  return *same;
}

/// Lets the kernel deliver what is under way.
inline Task<bool> Pause(Loop& loop, Duration delay) {
  co_await Sleep(loop, delay);
  co_return true;
}

}  // namespace berth::net::testing
