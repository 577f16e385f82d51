#include "agent/supervisor.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "agent/child_process.h"
#include "base/temp_folder_testing.h"
#include "net/loop.h"

namespace berth::agent {
namespace {

using berth::testing::TempFolder;
using std::chrono::milliseconds;

/// Whether it has ended, though whoever adopts orphans here may take its time to reap it.
bool HasEnded(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string skip;
  char state = 'Z';
  stat >> skip >> skip >> state;
  return state == 'Z';
}

/// Waits for something that comes by itself, or the test runs into its time limit.
void AwaitEnd(pid_t pid) {
  while (!HasEnded(pid)) std::this_thread::yield();
}
void AwaitFile(const std::string& path) {
  while (!std::filesystem::exists(path)) std::this_thread::yield();
}

class SupervisorTest : public ::testing::Test {
 protected:
  SupervisorTest() : timer_([this] { loop_.Stop(); }) {}

  void Start(std::vector<std::string> command, milliseconds grace = milliseconds(5000)) {
    limits_.command_restart_min = milliseconds(1);
    limits_.command_restart_max = milliseconds(2);
    limits_.command_stop_grace = grace;
    supervisor_ = std::make_unique<Supervisor>(loop_, limits_, std::move(command),
                                               [this](const SupervisorEvent& event) {
                                                 events_.push_back(event);
                                                 if (wanted_(event)) loop_.Stop();
                                               });
  }
  /// Runs until an event of that kind came; false if it did not within ten seconds.
  bool RunUntil(std::function<bool(const SupervisorEvent&)> wanted) {
    wanted_ = std::move(wanted);
    loop_.ArmAfter(timer_, std::chrono::seconds(10));
    loop_.Run();
    const bool came = timer_.is_armed();
    timer_.Disarm();
    return came;
  }
  bool RunUntil(SupervisorEvent::Kind kind) {
    return RunUntil([kind](const SupervisorEvent& event) { return event.kind == kind; });
  }

  net::Loop loop_;
  Limits limits_;
  Timer timer_;
  std::function<bool(const SupervisorEvent&)> wanted_;
  std::vector<SupervisorEvent> events_;
  std::unique_ptr<Supervisor> supervisor_;
};

TEST_F(SupervisorTest, StartsAgainWhatEnds) {
  Start({"sh", "-c", "exit 3"});
  int exits = 0;
  ASSERT_TRUE(RunUntil([&exits](const SupervisorEvent& event) {
    return event.kind == SupervisorEvent::Kind::kExited && ++exits == 3;
  }));
  EXPECT_EQ(events_.back().status, 3);
  EXPECT_EQ(events_.front().kind, SupervisorEvent::Kind::kStarted);
}

TEST_F(SupervisorTest, SaysWhyAProgramCannotRun) {
  Start({"/nonexistent/program"});
  ASSERT_TRUE(RunUntil(SupervisorEvent::Kind::kNotStarted));
  EXPECT_NE(events_.back().error.find("/nonexistent/program"), std::string::npos);
}

TEST_F(SupervisorTest, StopsTheWholeGroupAndStaysStopped) {
  const TempFolder folder;
  const std::string file = folder.path() / "pid";
  Start({"sh", "-c",
         "sleep 100 & echo $! > " + file + ".new; mv " + file + ".new " + file + "; wait"});
  ASSERT_TRUE(RunUntil(SupervisorEvent::Kind::kStarted));
  AwaitFile(file);
  pid_t grandchild = 0;
  ASSERT_TRUE(std::ifstream(file) >> grandchild);
  supervisor_->Stop();
  ASSERT_TRUE(RunUntil(SupervisorEvent::Kind::kExited));
  EXPECT_EQ(events_.back().signal, SIGTERM);
  EXPECT_TRUE(HasEnded(grandchild));
}

TEST_F(SupervisorTest, GivesTheGraceToWhatOutlivesItsLeader) {
  const TempFolder folder;
  const std::string ready = folder.path() / "ready";
  const std::string done = folder.path() / "done";
  // Takes longer than its leader, which dies of the signal, is there to be seen.
  const std::string server = "trap 'while kill -0 $PPID; do :; done; echo > " + done +
                             "; exit' TERM; echo > " + ready + "; while :; do sleep 0.05; done";
  Start({"sh", "-c", "sh -c \"$0\" 2> /dev/null & wait", server});
  ASSERT_TRUE(RunUntil(SupervisorEvent::Kind::kStarted));
  AwaitFile(ready);
  supervisor_->Stop();
  ASSERT_TRUE(RunUntil(SupervisorEvent::Kind::kExited));
  EXPECT_EQ(events_.back().signal, SIGTERM);
  EXPECT_TRUE(std::filesystem::exists(done));
}

TEST_F(SupervisorTest, KillsWhatIgnoresTheSignal) {
  const TempFolder folder;
  const std::string ready = folder.path() / "ready";
  Start({"sh", "-c", "trap '' TERM; echo > " + ready + "; while :; do sleep 0.05; done"},
        milliseconds(50));
  ASSERT_TRUE(RunUntil(SupervisorEvent::Kind::kStarted));
  AwaitFile(ready);
  supervisor_->Stop();
  ASSERT_TRUE(RunUntil(SupervisorEvent::Kind::kExited));
  EXPECT_EQ(events_.back().signal, SIGKILL);
}

TEST_F(SupervisorTest, KillsWhatOutlivesItsLeaderAndTheGrace) {
  const TempFolder folder;
  const std::string file = folder.path() / "pid";
  const std::string server = "trap '' TERM; echo $$ > " + file + ".new; mv " + file + ".new " +
                             file + "; while :; do sleep 0.05; done";
  Start({"sh", "-c", "sh -c \"$0\" & wait", server}, milliseconds(50));
  ASSERT_TRUE(RunUntil(SupervisorEvent::Kind::kStarted));
  AwaitFile(file);
  pid_t pid = 0;
  ASSERT_TRUE(std::ifstream(file) >> pid);
  supervisor_->Stop();
  ASSERT_TRUE(RunUntil(SupervisorEvent::Kind::kExited));
  EXPECT_EQ(events_.back().signal, SIGTERM);
  AwaitEnd(pid);
}

TEST_F(SupervisorTest, LeavesNothingWhenItIsDestroyed) {
  Start({"sleep", "100"});
  ASSERT_TRUE(RunUntil(SupervisorEvent::Kind::kStarted));
  const pid_t pid = events_.back().pid;
  supervisor_.reset();
  EXPECT_TRUE(HasEnded(pid));
}

TEST_F(SupervisorTest, HidesTheAgentsOwnSettings) {
  ::setenv("ORCHESTRATOR_TOKEN", "hush", 1);
  ::setenv("BERTH_TOKEN", "hush", 1);
  Start({"sh", "-c", "test -z \"$ORCHESTRATOR_TOKEN$BERTH_TOKEN\" && test -n \"$PATH\""});
  ASSERT_TRUE(RunUntil(SupervisorEvent::Kind::kExited));
  EXPECT_EQ(events_.back().status, 0);
  ::unsetenv("ORCHESTRATOR_TOKEN");
  ::unsetenv("BERTH_TOKEN");
}

TEST(ChildProcess, DiesWithAnAgentThatIsKilled) {
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  const pid_t agent = ::fork();
  if (agent == 0) {
    const auto child = StartChild({"sleep", "100"});
    const pid_t pid = child ? child->pid : 0;
    if (::write(pipe_ends[1], &pid, sizeof pid) != sizeof pid) ::_exit(1);
    for (;;) ::pause();
  }
  pid_t child = 0;
  ASSERT_EQ(::read(pipe_ends[0], &child, sizeof child), static_cast<ssize_t>(sizeof child));
  ASSERT_GT(child, 0);
  ::kill(agent, SIGKILL);
  ::waitpid(agent, nullptr, 0);
  AwaitEnd(child);
  ::close(pipe_ends[0]);
  ::close(pipe_ends[1]);
}

}  // namespace
}  // namespace berth::agent
