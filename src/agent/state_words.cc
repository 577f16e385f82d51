#include "agent/state_words.h"

#include <fmt/format.h>

#include "agent/token_source.h"

namespace berth::agent {
namespace {

std::string InSeconds(Duration delay) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(delay).count();
  return ms < 10'000 ? fmt::format("{:.1f} s", static_cast<double>(ms) / 1000)
                     : fmt::format("{} s", ms / 1000);
}

}  // namespace

StateLine WordsOf(const tunnel::TunnelState& state, const AgentOptions& options) {
  using Kind = tunnel::TunnelState::Kind;
  const std::string reason = ForLog(state.reason);
  const std::string next = "next attempt in " + InSeconds(state.retry_in);
  switch (state.kind) {
    case Kind::kConnecting:
      return {LogLevel::kDebug, "connecting to " + options.hub_url};
    case Kind::kConnected:
      return {LogLevel::kInfo,
              fmt::format("connected to {} as {}", options.hub_url, options.client_id)};
    case Kind::kWaiting:
      return {LogLevel::kWarn, fmt::format("hub away ({}); {}", reason, next)};
    case Kind::kUnauthorized:
      return {
          LogLevel::kError,
          fmt::format("refused: {}; {}; {}", reason, next,
                      HowToReplace(options.token_source,
                                   HubFlags(options.hub_url, options.client_id, options.hub_tls)))};
    case Kind::kRefused:
      return {LogLevel::kError, fmt::format("refused: the hub does not take us in as {} ({}); {}",
                                            options.client_id, reason, next)};
    case Kind::kFenced:
      return {LogLevel::kError,
              fmt::format("replaced: another agent connected as {} ({}); {}; stop one of the two, "
                          "or give this one another --id",
                          options.client_id, reason, next)};
    case Kind::kUntrusted:
      return {LogLevel::kError,
              fmt::format("not connected to {}: {}; {}", options.hub_url, state.reason, next)};
    case Kind::kEnded:
      break;
  }
  return {LogLevel::kInfo, "ended: " + reason};
}

StateLine WordsOf(const SupervisorEvent& event, std::string_view program, bool is_draining) {
  using Kind = SupervisorEvent::Kind;
  const std::string name = ForLog(program);
  if (event.kind == Kind::kStarted) {
    return {LogLevel::kInfo, fmt::format("started {} (pid {})", name, event.pid)};
  }
  if (event.kind == Kind::kNotStarted) {
    return {LogLevel::kError,
            fmt::format("cannot start the instance: {}; check the command after --; trying again",
                        ForLog(event.error))};
  }
  if (is_draining) return {LogLevel::kInfo, "stopped " + name};
  const std::string how = event.signal != 0 ? fmt::format("was ended by signal {}", event.signal)
                                            : fmt::format("ended with status {}", event.status);
  return {LogLevel::kWarn, fmt::format("{} {}; starting it again", name, how)};
}

}  // namespace berth::agent
