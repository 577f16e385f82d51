#include "cli/browser.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace berth::cli {
namespace {

#ifdef __APPLE__
constexpr const char* kOpener = "open";
#else
constexpr const char* kOpener = "xdg-open";
#endif

/// An opener that runs longer than this has found its browser.
constexpr std::chrono::milliseconds kPatience(2'000);
constexpr std::chrono::milliseconds kLook(20);

}  // namespace

bool HasDesktop(const Environment& environment) {
#ifdef __APPLE__
  return !environment("SSH_CONNECTION");
#else
  for (const char* name : {"DISPLAY", "WAYLAND_DISPLAY"}) {
    const auto value = environment(name);
    if (value && !value->empty()) return true;
  }
  return false;
#endif
}

Result<void> OpenInBrowser(const std::string& url) {
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    ::posix_spawn_file_actions_addopen(&files, number, "/dev/null", O_RDWR, 0);
  }
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  // Ctrl-C in this terminal is not for the browser.
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  std::string program = kOpener;
  std::string address = url;
  char* const arguments[] = {program.data(), address.data(), nullptr};
  pid_t child = 0;
  const int failure = ::posix_spawnp(&child, kOpener, &files, &attributes, arguments, environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&files);
  if (failure != 0) return Unavailable(fmt::format("there is no {} here", kOpener));
  for (auto waited = kLook; waited < kPatience; waited += kLook) {
    int status = 0;
    if (::waitpid(child, &status, WNOHANG) == child) {
      if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return Ok();
      return Unavailable(fmt::format("{} found no browser", kOpener));
    }
    std::this_thread::sleep_for(kLook);
  }
  return Ok();
}

}  // namespace berth::cli
