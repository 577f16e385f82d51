#include "agent/enrol_main.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "agent/enrol.h"
#include "agent/hub_trust.h"
#include "agent/machine.h"
#include "agent/token_source.h"
#include "base/exit_status.h"
#include "base/log.h"
#include "base/private_file.h"
#include "base/task_group.h"
#include "http/h1_client.h"
#include "net/loop.h"
#include "net/proxy_settings.h"
#include "net/signals.h"
#include "net/tls.h"

namespace berth::agent {
namespace {

constexpr int kInterrupted = 130;  ///< As shells have it.

int Complain(const Error& error, int status) {
  fmt::print(stderr, "berth agent enroll: {}\n", error.message);
  return status;
}

/// Before anything was asked of the hub.
int CannotBegin(const Error& error) { return Complain(error, ExitStatus(error)); }

/// The id of a token of ours, which is no secret; "" for others.
std::string IdOf(const Secret& token) {
  const std::string_view text = token.Reveal();
  constexpr std::size_t kPrefix = 3;  // "ao_"
  const std::size_t end = text.find('_', kPrefix);
  if (!text.starts_with("ao_") || end == std::string_view::npos) return "";
  return ForLog(text.substr(kPrefix, end - kPrefix));
}

/// Finds out before anybody approves anything whether the token can be kept.
Result<void> TryToKeep(const EnrolledAs& as) {
  auto probe = EnrolledTokenFile(as);
  probe += ".probe";
  auto written = WritePrivateFile(probe, "");
  if (!written) return written;
  ::unlink(probe.c_str());
  return Ok();
}

void ShowCode(const EnrolmentCode& code) {
  fmt::print(
      "To enrol this machine, open\n\n    {}\n\n"
      "sign in, compare the code, and approve it within {} minutes:\n\n    {}\n\n",
      code.url_with_code(), (code.lifetime.count() + 59) / 60, code.code);
  std::fflush(stdout);
}

/// Counts down on a terminal; elsewhere it says once that it waits.
Task<void> ShowWaiting(Executor& executor, std::chrono::seconds left) {
  const bool is_terminal = ::isatty(STDOUT_FILENO) == 1;
  if (!is_terminal) {
    fmt::print("waiting for approval\n");
    std::fflush(stdout);
    co_return;
  }
  for (; left.count() > 0; --left) {
    fmt::print("\rwaiting for approval, {}:{:02} left ", left.count() / 60, left.count() % 60);
    std::fflush(stdout);
    co_await Sleep(executor, std::chrono::seconds(1));
  }
}

void EndWaiting() {
  if (::isatty(STDOUT_FILENO) == 1) fmt::print("\r\x1b[K");
}

void ShowGrant(const EnrolOptions& options, const EnrolmentGrant& grant, std::string_view old_id) {
  // Whoever saw the code may have approved it.
  const std::string whose =
      grant.approved_by.empty() ? "" : " as an instance of " + ForLog(grant.approved_by, 100);
  fmt::print("Enrolled{}. The token is in {}, for you alone.\n", whose,
             EnrolledTokenFile(options.as).string());
  if (!grant.instance_ids.empty()) {
    fmt::print("It is for the id {} only.\n",
               ForLog(fmt::format("{}", fmt::join(grant.instance_ids, ", "))));
  }
  if (!grant.expires_at.empty()) fmt::print("It works until {}.\n", ForLog(grant.expires_at));
  if (!old_id.empty()) {
    fmt::print("The token that was here before, {}, still works: revoke it at the hub.\n", old_id);
  }
  const std::string_view id = options.is_default_id ? "" : std::string_view(options.as.client_id);
  fmt::print(
      "\nNow run, beside your instance, unless the agent runs already:\n\n    berth agent{}\n\n"
      "It finds claudecodeui on this machine by itself; for anything else add --instance URL.\n",
      HubFlags(options.as.hub_url, id, options.hub_tls));
}

/// Asks, shows the code, waits, keeps the token.
Task<Result<void>> Enrol(net::Loop& loop, const EnrolOptions& options, http::Service& hub,
                         const HubPlace& place) {
  Enrolment enrolment(loop, hub, place);
  EnrolmentRequest request{
      .machine = HostName(), .platform = PlatformAndProcessor(), .client_id = options.as.client_id};
  if (request.machine.empty()) request.machine = options.as.client_id;
  auto code = co_await enrolment.Ask(std::move(request));
  if (!code) co_return std::move(code).error();
  ShowCode(*code);
  Job waiting(loop, "show the time", ShowWaiting(loop, code->lifetime));
  auto grant = co_await enrolment.Await();
  waiting.Cancel();
  EndWaiting();
  if (!grant) co_return std::move(grant).error();
  std::string old_id;
  if (auto old = FindEnrolledToken(options.as, false)) old_id = IdOf(old->token);
  auto kept = KeepEnrolledToken(options.as, grant->token);
  if (!kept) {
    co_return Wrap(std::move(kept).error(),
                   fmt::format("the hub gave us the token {}, which cannot be kept (revoke it)",
                               ForLog(grant->token_id)));
  }
  if (!grant->keys.empty()) {
    auto pinned = PinHubKeys(options.as.state / options.as.client_id / kKnownHubsFile,
                             options.as.hub_url, grant->keys);
    if (!pinned) co_return Wrap(std::move(pinned).error(), "keep the hub's keys");
  }
  ShowGrant(options, *grant, old_id);
  co_return Ok();
}

Task<void> Run(net::Loop& loop, const EnrolOptions& options, http::Service& hub,
               const HubPlace& place, int& status) {
  auto done = co_await Enrol(loop, options, hub, place);
  if (!done) status = Complain(done.error(), kFailed);
  loop.Stop();
}

Task<void> StopOnSignal(net::Loop& loop, int& status) {
  net::Signals signals(loop);
  co_await signals.Next();
  EndWaiting();
  fmt::print(stderr, "berth agent enroll: cancelled\n");
  status = kInterrupted;
  loop.Stop();
}

}  // namespace

int RunEnrol(EnrolOptions options) {
  auto place = HubPlace::Parse(options.as.hub_url);
  if (!place) return CannotBegin(place.error());
  auto proxies = net::ProxySettings::FromEnvironment();
  if (!proxies) return CannotBegin(proxies.error());
  auto tls = net::TlsClient::Create(options.hub_tls);
  if (!tls) return CannotBegin(tls.error());
  auto possible = TryToKeep(options.as);
  if (!possible) return CannotBegin(possible.error());
  net::Loop loop;
  int status = 0;
  {
    http::H1Client hub(loop, options.limits,
                       [&] { return DialHub(loop, *place, *proxies, **tls, options.limits); });
    Job enrol(loop, "enrol", Run(loop, options, hub, *place, status));
    Job stop(loop, "stop", StopOnSignal(loop, status));
    loop.Run();
  }
  return status;
}

}  // namespace berth::agent
