#include "hub/hub_main.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "base/exit_status.h"
#include "base/log.h"
#include "hub/hub.h"
#include "net/signals.h"

namespace berth::hub {
namespace {

Task<void> ExitAtOnce(net::Signals& signals) {
  for (;;) {
    const int number = co_await signals.Next();
    if (number != SIGHUP) std::_Exit(1);
  }
}

/// Prints what the user needs to begin.
Task<void> Announce(Hub& hub) {
  std::printf("berth hub ready: %s\n", hub.public_url().c_str());
  auto link = co_await hub.FirstSignInLink();
  if (!link) {
    LogError("make a sign-in link: {}", link.error().ToString());
  } else if (!link->empty()) {
    std::printf("sign in: %s\n", link->c_str());
  }
  std::fflush(stdout);
}

Task<void> Serve(net::Loop& loop, HubOptions options, int& status) {
  const bool has_certificate = !options.tls_cert.empty();
  auto hub = co_await Hub::Start(loop, std::move(options));
  if (!hub) {
    std::fprintf(stderr, "berth hub: %s\n", hub.error().message.c_str());
    status = ExitStatus(hub.error());
    loop.Stop();
    co_return;
  }
  co_await Announce(**hub);
  // Without a certificate there is nothing to read again, and the end of its terminal is the hub's.
  net::Signals signals(loop, has_certificate ? net::HangUp::kReloads : net::HangUp::kEnds);
  for (;;) {
    const int number = co_await signals.Next();
    if (number != SIGHUP || !has_certificate) break;
    auto reloaded = (*hub)->ReloadCertificate();
    if (reloaded) {
      LogInfo("certificate read again");
    } else {
      LogError("certificate kept as it was: {}", reloaded.error().ToString());
    }
  }
  LogInfo("stopping: what runs may finish; signal again to stop at once");
  Job impatience(loop, "second signal", ExitAtOnce(signals));
  co_await (*hub)->Drain();
  loop.Stop();
}

}  // namespace

int RunHub(HubOptions options) {
  // A log that nobody reads any more (`berth hub 2>&1 | tee log`) ends nothing.
  std::signal(SIGPIPE, SIG_IGN);
  SetLogLevel(options.log_level);
  net::Loop loop(std::chrono::microseconds(options.limits.busy_poll_us));
  int status = 0;
  {
    Job serve(loop, "hub", Serve(loop, std::move(options), status));
    loop.Run();
  }
  return status;
}

}  // namespace berth::hub
