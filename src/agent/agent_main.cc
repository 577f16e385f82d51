#include "agent/agent_main.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "agent/agent.h"
#include "base/exit_status.h"
#include "base/log.h"
#include "net/signals.h"

namespace berth::agent {
namespace {

constexpr int kToldToLeave = 3;

Task<void> ExitAtOnce(net::Signals& signals) {
  for (;;) {
    const int number = co_await signals.Next();
    // A terminal that goes may say so more than once.
    if (number != SIGHUP) std::_Exit(1);
  }
}

/// Drains at the first signal.
Task<void> StopOnSignal(net::Loop& loop, Agent& agent) {
  net::Signals signals(loop);
  co_await signals.Next();
  LogInfo("stopping: what runs may finish; signal again to stop at once");
  Job impatience(loop, "second signal", ExitAtOnce(signals));
  co_await agent.Drain();
  loop.Stop();
}

Task<void> Serve(net::Loop& loop, Agent& agent, int& status) {
  const Error why = co_await agent.Run();
  if (agent.is_draining()) co_return;
  LogWarn("{}; start it again to bring it back", ForLog(why.message));
  status = kToldToLeave;
  co_await agent.Drain();
  loop.Stop();
}

}  // namespace

int RunAgent(AgentOptions options) {
  std::signal(SIGPIPE, SIG_IGN);  // A log that nobody reads any more ends nothing.
  SetLogLevel(options.log_level);
  net::Loop loop(std::chrono::microseconds(options.limits.busy_poll_us));
  auto agent = Agent::Create(loop, std::move(options));
  if (!agent) {
    std::fprintf(stderr, "berth agent: %s\n", agent.error().message.c_str());
    return ExitStatus(agent.error());
  }
  int status = 0;
  {
    Job serve(loop, "agent", Serve(loop, **agent, status));
    Job stop(loop, "stop", StopOnSignal(loop, **agent));
    loop.Run();
  }
  return status;
}

}  // namespace berth::agent
