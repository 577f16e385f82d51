#include "hub/hub_main.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/exit_status.h"
#include "base/log.h"
#include "base/text.h"
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

/// Whoever reads a link may sign in with it: it is for a terminal, not for a journal or a log.
Task<Result<void>> OfferSignIn(Hub& hub, std::filesystem::path data) {
  if (::isatty(STDOUT_FILENO) == 1) {
    auto link = co_await hub.FirstSignInLink();
    if (!link) co_return std::move(link).error();
    if (!link->empty()) std::printf("sign in: %s\n", link->c_str());
    co_return Ok();
  }
  auto signed_in = co_await hub.HasAnybodySignedIn();
  if (!signed_in) co_return std::move(signed_in).error();
  if (!*signed_in) {
    std::printf("nobody has signed in yet; for a link: berth login-link --data %s\n",
                ShellWord(data.string()).c_str());
  }
  co_return Ok();
}

/// Prints what the user needs to begin.
Task<void> Announce(Hub& hub, std::filesystem::path data) {
  std::printf("berth hub ready: %s\n", hub.public_url().c_str());
  auto offered = co_await OfferSignIn(hub, std::move(data));
  if (!offered) LogError("make a sign-in link: {}", offered.error().ToString());
  std::fflush(stdout);
}

Task<void> Serve(net::Loop& loop, HubOptions options, int& status) {
  const bool has_certificate = !options.tls_cert.empty();
  std::error_code ignored;
  auto data = std::filesystem::absolute(options.data, ignored);
  auto hub = co_await Hub::Start(loop, std::move(options));
  if (!hub) {
    std::fprintf(stderr, "berth hub: %s\n", hub.error().message.c_str());
    status = ExitStatus(hub.error());
    loop.Stop();
    co_return;
  }
  // Without a certificate there is nothing to read again, and the end of its terminal is the hub's.
  net::Signals signals(loop, has_certificate ? net::HangUp::kReloads : net::HangUp::kEnds);
  co_await Announce(**hub, std::move(data));
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
