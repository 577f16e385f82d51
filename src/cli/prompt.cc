#include "cli/prompt.h"

#include <fmt/format.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>

namespace berth::cli {
namespace {

constexpr std::size_t kMaxLine = 4096;

/// A terminal that does not show what is typed, while this lives. Signals that would end us wait
/// until it shows it again.
class NoEcho {
 public:
  NoEcho() {
    sigset_t ending;
    ::sigemptyset(&ending);
    for (const int number : {SIGTERM, SIGHUP, SIGTSTP}) ::sigaddset(&ending, number);
    ::sigprocmask(SIG_BLOCK, &ending, &before_mask_);
    is_terminal_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
    if (!is_terminal_) return;
    termios silent = before_;
    // Without ISIG Ctrl-C is a character, which ends the line below.
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
    silent.c_lflag |= ECHONL;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~NoEcho() {
    if (is_terminal_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    ::sigprocmask(SIG_SETMASK, &before_mask_, nullptr);
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;

 private:
  bool is_terminal_ = false;
  termios before_{};
  sigset_t before_mask_{};
};

Result<Secret> ReadLine() {
  std::string line;
  line.reserve(kMaxLine);  // Not moved about in memory.
  for (;;) {
    char c = 0;
    const ssize_t count = ::read(STDIN_FILENO, &c, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FromErrno(errno, "read the token");
    if (count == 0 || c == '\n') break;
    if (c == '\x03') return Cancelled("cancelled");
    if (line.size() == kMaxLine) return Invalid("that line is too long");
    line.push_back(c);
  }
  Secret secret(line);
  ::explicit_bzero(line.data(), line.size());
  return secret;
}

}  // namespace

Result<Secret> AskForSecret(std::string_view question) {
  if (::isatty(STDIN_FILENO) != 1) return ReadLine();
  fmt::print(stderr, "{}", question);
  std::fflush(stderr);
  const NoEcho silence;
  return ReadLine();
}

}  // namespace berth::cli
