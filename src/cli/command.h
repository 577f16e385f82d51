// The commands of `berth`, one file each: each adds its subcommand, and says what to run if it is
// the one that was asked for.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/exit_status.h"
#include "cli/settings.h"

namespace CLI {
class App;
}

namespace berth::cli {

/// What the commands share. Outlives the parsing and the run.
struct CommandContext {
  Environment environment = ProcessEnvironment();
  std::vector<std::string> trailing = {};  ///< What stood after "--": the instance's own command.
  std::function<int()> run = {};           ///< Set by the command that was asked for.
};

/// Adds a command to `app`.
using AddCommand = void(CLI::App& app, CommandContext& context);
AddCommand AddHubCommand, AddAgentCommand, AddDemoCommand, AddTokenCommand, AddKeyCommand,
    AddReleaseIdCommand, AddLoginLinkCommand, AddAuditCommand, AddLoginCommands, AddListCommand,
    AddStatusCommand, AddOpenCommand, AddWatchCommand, AddVersionCommand;

/// Prints "berth NAME: MESSAGE" on standard error; gives `status`.
int Complain(std::string_view name, const Error& error, int status);

}  // namespace berth::cli
