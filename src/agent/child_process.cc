#include "agent/child_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string_view>

namespace berth::agent {
namespace {

constexpr int kGuardGraceSeconds = 5;

/// Undoes what a signal-handling parent set up. Async-signal-safe, as all after fork must be.
void ResetSignals() {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD, SIGQUIT, SIGUSR1, SIGUSR2}) {
    ::signal(number, SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// Our environment without what is meant for the agent alone: its hub, its token.
std::vector<char*> ChildEnvironment() {
  std::vector<char*> kept;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view variable(*entry);
    if (!variable.starts_with("ORCHESTRATOR_") && !variable.starts_with("BERTH_")) {
      kept.push_back(*entry);
    }
  }
  kept.push_back(nullptr);
  return kept;
}

/// The child's side of fork. Writes errno to `report` if the program cannot be run.
[[noreturn]] void RunProgram(char* const* arguments, char** environment, int report, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(127);  // It died before it could matter to prctl.
  ResetSignals();
  const int nothing = ::open("/dev/null", O_RDONLY);
  if (nothing >= 0) ::dup2(nothing, STDIN_FILENO);
  ::dup2(report, 3);
  ::fcntl(3, F_SETFD, FD_CLOEXEC);
  ::close_range(4, ~0U, 0);
  environ = environment;
  ::execvp(arguments[0], arguments);
  const int failure = errno;
  [[maybe_unused]] const ssize_t written = ::write(3, &failure, sizeof failure);
  ::_exit(127);
}

/// The guard: waits until the other end of `pipe` is closed, then ends the group.
[[noreturn]] void Guard(pid_t group, int pipe) {
  ::setpgid(0, 0);  // The terminal's Ctrl-C is not for us.
  ResetSignals();
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGTERM, SIG_IGN);
  ::signal(SIGHUP, SIG_IGN);
  ::prctl(PR_SET_NAME, "berth-guard");
  ::dup2(pipe, 0);
  ::close_range(1, ~0U, 0);
  char byte = 0;
  ssize_t count = 0;
  do {
    count = ::read(0, &byte, 1);
  } while (count < 0 && errno == EINTR);
  if (count > 0) ::_exit(0);  // Told that the group has ended in order.
  ::kill(-group, SIGTERM);
  for (int i = 0; i < kGuardGraceSeconds * 20; ++i) {
    if (::kill(-group, 0) != 0) ::_exit(0);
    const timespec pause{.tv_sec = 0, .tv_nsec = 50'000'000};
    ::nanosleep(&pause, nullptr);
  }
  ::kill(-group, SIGKILL);
  ::_exit(0);
}

void Reap(pid_t pid, int* status) {
  while (::waitpid(pid, status, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

Result<ChildProcess> StartChild(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  std::vector<char*> environment = ChildEnvironment();  // No memory may be asked for after fork.
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) return FromErrno(errno, "make a pipe");
  int guard_pipe[2];
  if (::pipe2(guard_pipe, O_CLOEXEC) != 0) {
    const int failure = errno;
    ::close(report[0]);
    ::close(report[1]);
    return FromErrno(failure, "make a pipe");
  }
  const pid_t self = ::getpid();
  ChildProcess child;
  child.pid = ::fork();
  if (child.pid == 0) RunProgram(arguments.data(), environment.data(), report[1], self);
  const int fork_failure = errno;
  ::close(report[1]);
  if (child.pid < 0) {
    ::close(report[0]);
    ::close(guard_pipe[0]);
    ::close(guard_pipe[1]);
    return FromErrno(fork_failure, "start a process");
  }
  ::setpgid(child.pid, child.pid);  // Whoever of the two is first.

  int failure = 0;
  ssize_t count = 0;
  do {
    count = ::read(report[0], &failure, sizeof failure);
  } while (count < 0 && errno == EINTR);
  ::close(report[0]);
  if (count == sizeof failure) {
    ::close(guard_pipe[0]);
    ::close(guard_pipe[1]);
    Reap(child.pid, nullptr);
    return FromErrno(failure, "run " + command.front());
  }
  child.guard = ::fork();
  if (child.guard == 0) Guard(child.pid, guard_pipe[0]);
  ::close(guard_pipe[0]);
  child.guard_pipe = guard_pipe[1];
  return child;
}

void AwaitChild(const ChildProcess& child) {
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(child.pid), &info, WEXITED | WNOWAIT) != 0 &&
         errno == EINTR) {
  }
}

ChildExit ReapChild(const ChildProcess& child) {
  int status = 0;
  Reap(child.pid, &status);
  if (WIFSIGNALED(status)) return {.signal = WTERMSIG(status)};
  return {.status = WEXITSTATUS(status)};
}

bool IsGroupLeft(const ChildProcess& child) {
  // Where we are the first process of a container, orphans are ours to reap.
  while (::waitpid(-child.pid, nullptr, WNOHANG) > 0) {
  }
  return ::kill(-child.pid, 0) == 0;
}

void DismissGuard(const ChildProcess& child) {
  if (child.guard > 0) {
    [[maybe_unused]] const ssize_t written = ::write(child.guard_pipe, "q", 1);
    ::close(child.guard_pipe);
    Reap(child.guard, nullptr);
  } else {
    ::close(child.guard_pipe);
  }
}

}  // namespace berth::agent
