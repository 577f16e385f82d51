// Supervisor: runs the instance as a child of the agent (`berth agent … -- COMMAND ARGS`), starts
// it again when it ends, and takes it down, with everything it started, when the agent goes.
//
// The command gets a process group of its own, our standard output and error, and no input.
// Stopping sends SIGTERM to the group, and SIGKILL to what of it is left after a grace: a wrapper
// that dies at once takes nothing of the grace from what it started. It also ends when the agent is
// killed outright: a small guard process waits for that. A lost hub never touches it.
//
// A thread of its own forks and waits; everything else happens on the executor's thread.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/event.h"
#include "base/limits.h"

namespace berth::agent {

/// What happened to the command.
struct SupervisorEvent {
  enum class Kind {
    kStarted,     ///< pid is set.
    kExited,      ///< status is the exit status, signal the signal that ended it, if any.
    kNotStarted,  ///< error says why; tried again later, as after an exit.
  };
  Kind kind = Kind::kStarted;
  pid_t pid = 0;
  int status = 0;
  int signal = 0;
  std::string error{};
};

class Supervisor {
 public:
  /// Starts `command` at once: a program (looked up in PATH) and its arguments; not empty.
  /// `on_event` runs on `executor`, which must outlive the supervisor, as `limits` must.
  Supervisor(Executor& executor, const Limits& limits, std::vector<std::string> command,
             std::function<void(const SupervisorEvent&)> on_event);
  /// Kills what still runs, at once, and waits for it.
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  /// SIGTERM to the command's group, SIGKILL after limits.command_stop_grace; no restart.
  /// Idempotent.
  void Stop();
  /// Set once the command and its group have ended after Stop().
  Event& stopped() { return *stopped_; }

 private:
  void Run();
  bool RunOnce();
  void Kill();
  void Report(SupervisorEvent event);

  Executor& executor_;
  const Limits& limits_;
  const std::vector<std::string> command_;
  // Held by what is posted to the executor too, which may run after this object has gone.
  std::shared_ptr<std::function<void(const SupervisorEvent&)>> on_event_;
  std::shared_ptr<Event> stopped_;
  Timer grace_timer_;  // Of a stop.

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // Guarded by mutex_.
  bool killing_ = false;   // Guarded by mutex_.
  pid_t group_ = 0;        // Guarded by mutex_; 0 while nothing runs.
  std::thread thread_;     // Last: joined first.
};

}  // namespace berth::agent
