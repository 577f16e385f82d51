#include "agent/supervisor.h"

#include <algorithm>
#include <csignal>

#include "agent/child_process.h"
#include "base/check.h"

namespace berth::agent {
namespace {

// Nothing tells that a group has ended but asking.
constexpr std::chrono::milliseconds kGroupPoll{20};

}  // namespace

Supervisor::Supervisor(Executor& executor, const Limits& limits, std::vector<std::string> command,
                       std::function<void(const SupervisorEvent&)> on_event)
    : executor_(executor),
      limits_(limits),
      command_(std::move(command)),
      on_event_(std::make_shared<std::function<void(const SupervisorEvent&)>>(std::move(on_event))),
      stopped_(std::make_shared<Event>(executor)),
      grace_timer_([this] { Kill(); }) {
  CHECK(!command_.empty());
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // Signals belong to the loop's thread.
  thread_ = std::thread([this] { Run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Supervisor::~Supervisor() {
  *on_event_ = nullptr;
  Kill();
  thread_.join();
}

void Supervisor::Stop() {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
    if (group_ > 0) ::kill(-group_, SIGTERM);
  }
  wake_.notify_all();
  executor_.ArmAfter(grace_timer_, limits_.command_stop_grace);
}

void Supervisor::Kill() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = killing_ = true;
    if (group_ > 0) ::kill(-group_, SIGKILL);
  }
  wake_.notify_all();
}

void Supervisor::Report(SupervisorEvent event) {
  executor_.Post([on_event = on_event_, event = std::move(event)] {
    if (*on_event) (*on_event)(event);
  });
}

void Supervisor::Run() {
  Duration delay = limits_.command_restart_min;
  for (;;) {
    const TimePoint started = Clock::now();
    if (!RunOnce()) break;
    if (Clock::now() - started >= limits_.command_stable) delay = limits_.command_restart_min;
    std::unique_lock lock(mutex_);
    if (wake_.wait_for(lock, delay, [this] { return stopping_; })) break;
    delay = std::min<Duration>(delay * 2, limits_.command_restart_max);
  }
  executor_.Post([stopped = stopped_] { stopped->Set(); });
}

bool Supervisor::RunOnce() {
  Result<ChildProcess> child = Unavailable("stopping");
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    child = StartChild(command_);
    if (child) group_ = child->pid;
  }
  if (!child) {
    Report({.kind = SupervisorEvent::Kind::kNotStarted, .error = child.error().message});
    return true;
  }
  Report({.kind = SupervisorEvent::Kind::kStarted, .pid = child->pid});

  AwaitChild(*child);
  std::unique_lock lock(mutex_);
  // Of a crash nothing stays behind. What is stopping has its grace, though its leader be gone.
  if (!stopping_) ::kill(-group_, SIGKILL);
  const ChildExit exit = ReapChild(*child);
  while (stopping_ && !killing_ && IsGroupLeft(*child)) wake_.wait_for(lock, kGroupPoll);
  group_ = 0;
  const bool goes_on = !stopping_;
  lock.unlock();
  DismissGuard(*child);
  Report({.kind = SupervisorEvent::Kind::kExited,
          .pid = child->pid,
          .status = exit.status,
          .signal = exit.signal});
  return goes_on;
}

}  // namespace berth::agent
