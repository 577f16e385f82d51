// The tables of options of `berth hub` (hub_settings.cc) and `berth agent` (agent_settings.cc), and
// the checks over several of them.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "agent/options.h"
#include "base/result.h"
#include "cli/settings.h"
#include "hub/options.h"

namespace berth::cli {

/// Rows that fill `options`, which must outlive the Settings made of them.
std::vector<Setting> HubSettings(hub::HubOptions& options);
/// Those of them that are about signing in: sign_in_settings.cc.
std::vector<Setting> SignInSettings(hub::HubOptions& options);
/// The same rows with --data as their only flag: for commands that change the hub's data.
std::vector<Setting> HubDataSettings(hub::HubOptions& options);
std::vector<Setting> AgentSettings(agent::AgentOptions& options);
/// The same rows with --hub, --id, --hub-ca and --hub-pin as their only flags, and without a token.
std::vector<Setting> AgentEnrolSettings(agent::AgentOptions& options);

/// What belongs together of them, and what can be no entry of a list. kInvalid.
Result<void> CheckSignIn(const identity::SignInOptions& options);
/// What of them lets nobody in, in sentences for whoever starts the hub.
std::vector<std::string> SignInWarnings(const identity::SignInOptions& options);

/// After Settings::Resolve: fills in the defaults that depend on the machine and checks what
/// belongs together. kInvalid: the message is for the user.
Result<void> FinishHubOptions(hub::HubOptions& options, const Environment& environment);
/// `host_name` is this machine's, for the default id; `state` is where enrolled tokens are. Blocks.
/// kInvalid, kConflict: what to say instead; kForbidden: others could read the token.
Result<void> FinishAgentOptions(agent::AgentOptions& options, std::string_view host_name,
                                const std::filesystem::path& state);

/// What ORCHESTRATOR_MODE asks for: false means "standalone", that is, not to run an agent.
Result<bool> IsAgentWanted(const Environment& environment);

/// $XDG_STATE_HOME/berth or ~/.local/state/berth.
Result<std::filesystem::path> DefaultDataFolder(const Environment& environment);

/// "http(s)://host[:port]", from http(s):// or ws(s)://; with what stands before /ws/connect, where
/// the text ends so. kInvalid for another path.
Result<std::string> NormalizeHubUrl(std::string_view text);

/// A valid instance id made from a host name: "Anna's Mac.local" gives "anna-s-mac".
std::string DefaultClientId(std::string_view host_name);

}  // namespace berth::cli
