#include "net/signals.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "base/check.h"
#include "base/event.h"
#include "net/fd_watch.h"

namespace berth::net {
namespace {

/// A pipe that holds the numbers of signals, a byte each. As old as the first wait, and never
/// closed: a signal may come at any time.
std::array<int, 2> signal_pipe{-1, -1};

extern "C" void KeepSignal(int number) {
  const int before = errno;
  const auto byte = static_cast<unsigned char>(number);
  // Fails where thousands are kept already.
  [[maybe_unused]] const auto written = write(signal_pipe[1], &byte, 1);
  errno = before;
}

void KeepSignals() {
  if (signal_pipe[0] >= 0) return;
  CHECK(pipe2(signal_pipe.data(), O_CLOEXEC | O_NONBLOCK) == 0);  // At start only.
  struct sigaction keep{};
  keep.sa_handler = KeepSignal;
  keep.sa_flags = SA_RESTART;
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) CHECK(sigaction(number, &keep, nullptr) == 0);
}

}  // namespace

Task<int> NextSignal(Loop& loop) {
  KeepSignals();
  Event readable(loop);
  Event writable(loop);
  FdWatch watch(loop, readable, writable);
  const auto watching = watch.Start(signal_pipe[0]);
  CHECK(watching.has_value());
  for (;;) {
    readable.Reset();
    unsigned char number = 0;
    if (read(signal_pipe[0], &number, 1) == 1) co_return number;
    co_await readable.Wait();
  }
}

}  // namespace berth::net
