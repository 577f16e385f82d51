#include "net/signals.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "base/check.h"

namespace berth::net {
namespace {

/// Never closed: a signal may come at any time. Set before the handlers are.
std::array<int, 2> signal_pipe{-1, -1};

extern "C" void KeepSignal(int number) {
  const int before = errno;
  const auto byte = static_cast<unsigned char>(number);
  // Fails where thousands are kept already.
  [[maybe_unused]] const auto written = write(signal_pipe[1], &byte, 1);
  errno = before;
}

bool IsIgnored(int number) {
  struct sigaction present{};
  CHECK(sigaction(number, nullptr, &present) == 0);
  return present.sa_handler == SIG_IGN;
}

void Keep(int number) {
  struct sigaction keep{};
  keep.sa_handler = KeepSignal;
  keep.sa_flags = SA_RESTART;
  CHECK(sigaction(number, &keep, nullptr) == 0);
}

void KeepSignals(HangUp hang_up) {
  if (signal_pipe[0] < 0) {
    CHECK(pipe2(signal_pipe.data(), O_CLOEXEC | O_NONBLOCK) == 0);  // At start only.
  }
  Keep(SIGTERM);
  if (!IsIgnored(SIGINT)) Keep(SIGINT);
  if (hang_up == HangUp::kReloads || !IsIgnored(SIGHUP)) Keep(SIGHUP);
}

}  // namespace

Signals::Signals(Loop& loop, HangUp hang_up)
    : readable_(loop), unused_(loop), watch_(loop, readable_, unused_) {
  KeepSignals(hang_up);
  CHECK(watch_.Start(signal_pipe[0]).has_value());
}

Task<int> Signals::Next() {
  for (;;) {
    readable_.Reset();
    unsigned char number = 0;
    if (read(signal_pipe[0], &number, 1) == 1) co_return number;
    co_await readable_.Wait();
  }
}

}  // namespace berth::net
