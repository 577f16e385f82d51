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

void AddHubCommand(CLI::App& app, CommandContext& context);
void AddAgentCommand(CLI::App& app, CommandContext& context);
void AddDemoCommand(CLI::App& app, CommandContext& context);
void AddTokenCommand(CLI::App& app, CommandContext& context);
void AddKeyCommand(CLI::App& app, CommandContext& context);
void AddReleaseIdCommand(CLI::App& app, CommandContext& context);
void AddLoginLinkCommand(CLI::App& app, CommandContext& context);
void AddAuditCommand(CLI::App& app, CommandContext& context);
void AddLoginCommands(CLI::App& app, CommandContext& context);
void AddListCommand(CLI::App& app, CommandContext& context);
void AddStatusCommand(CLI::App& app, CommandContext& context);
void AddOpenCommand(CLI::App& app, CommandContext& context);
void AddWatchCommand(CLI::App& app, CommandContext& context);
void AddVersionCommand(CLI::App& app, CommandContext& context);

/// Prints "berth NAME: MESSAGE" on standard error; gives `status`.
int Complain(std::string_view name, const Error& error, int status);

}  // namespace berth::cli
