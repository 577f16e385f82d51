// What the agent's log says of its tunnel and of the instance's own command: the line, and in it
// what to do where the user has a part in it.
#pragma once

#include <string>
#include <string_view>

#include "agent/options.h"
#include "agent/supervisor.h"
#include "base/log.h"
#include "tunnel/keeper.h"

namespace berth::agent {

struct StateLine {
  LogLevel level = LogLevel::kInfo;
  std::string text;
};

/// Of the tunnel of an agent with these options.
StateLine WordsOf(const tunnel::TunnelState& state, const AgentOptions& options);

/// Of the command `program`; `is_draining`: it is the agent that stops it.
StateLine WordsOf(const SupervisorEvent& event, std::string_view program, bool is_draining);

}  // namespace berth::agent
