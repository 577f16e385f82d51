#include "cli/prompt.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string>

#include "cli/output.h"

namespace berth::cli {
namespace {

constexpr std::size_t kMaxLine = 4096;

volatile std::sig_atomic_t is_interrupted = 0;

void NoteInterrupt(int) { is_interrupted = 1; }

/// A terminal that does not show what is typed, while this lives. What would end us ends the
/// reading instead, so that it shows again what is typed afterwards.
class NoEcho {
 public:
  NoEcho() {
    is_interrupted = 0;
    // They come only while we wait for input: one that came just before would be noted too late.
    sigset_t ending;
    sigemptyset(&ending);
    for (const int number : kEnding) sigaddset(&ending, number);
    ::pthread_sigmask(SIG_BLOCK, &ending, &mask_before_);
    struct sigaction noting{};
    noting.sa_handler = NoteInterrupt;
    for (std::size_t i = 0; i < kEnding.size(); ++i) ::sigaction(kEnding[i], &noting, &before_[i]);
    stop_before_ = ::signal(SIGTSTP, SIG_IGN);
    is_terminal_ = ::tcgetattr(STDIN_FILENO, &shown_) == 0;
    if (!is_terminal_) return;
    termios silent = shown_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    silent.c_lflag |= ECHONL;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~NoEcho() {
    if (is_terminal_) ::tcsetattr(STDIN_FILENO, TCSANOW, &shown_);
    ::signal(SIGTSTP, stop_before_);
    // One that came since then still ends us.
    for (std::size_t i = 0; i < kEnding.size(); ++i) ::sigaction(kEnding[i], &before_[i], nullptr);
    ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;

  /// What the thread had blocked before: to wait with.
  const sigset_t& mask() const { return mask_before_; }

 private:
  static constexpr std::array kEnding{SIGINT, SIGTERM, SIGHUP};

  bool is_terminal_ = false;
  termios shown_{};
  std::array<struct sigaction, kEnding.size()> before_{};
  sigset_t mask_before_{};
  void (*stop_before_)(int) = SIG_DFL;
};

/// With `mask` in place of the thread's own while it waits; null leaves that.
Result<Secret> ReadLine(const sigset_t* mask) {
  std::string line;
  line.reserve(kMaxLine);  // Not moved about in memory.
  for (;;) {
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    const int ready = ::ppoll(&input, 1, nullptr, mask);
    if (is_interrupted != 0) return Cancelled("cancelled");
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return FromErrno(errno, "wait for the token");
    char c = 0;
    const ssize_t count = ::read(STDIN_FILENO, &c, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FromErrno(errno, "read the token");
    if (count == 0 || c == '\n') break;
    if (line.size() == kMaxLine) return Invalid("that line is too long");
    line.push_back(c);
  }
  Secret secret(line);
  ::explicit_bzero(line.data(), line.size());
  return secret;
}

}  // namespace

Result<Secret> AskForSecret(std::string_view question) {
  if (::isatty(STDIN_FILENO) != 1) return ReadLine(nullptr);
  // Before the question: who answers it fast, as a paste does, is not shown either.
  const NoEcho silence;
  WriteAside(question);
  return ReadLine(&silence.mask());
}

}  // namespace berth::cli
