// berth: one program, one subcommand per job.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"

namespace berth::cli {
namespace {

constexpr std::string_view kExamples = R"(
Examples:
  berth demo                                   everything at once, on this machine, to look at
  berth hub                                    on the machine that everybody can reach
  berth login-link                             there: a link that signs you in
  berth agent enroll --hub URL                 on the laptop: gets a token, which you approve
  berth agent --hub URL                        there, beside the instance
  berth login --hub URL                        anywhere: then berth ls, status, open and watch

`berth COMMAND --help` says more.
)";

/// Takes "--" and what follows out of the arguments.
std::vector<std::string> SplitTrailing(std::vector<std::string>& arguments) {
  const auto dashes = std::ranges::find(arguments, "--");
  if (dashes == arguments.end()) return {};
  std::vector<std::string> trailing(dashes + 1, arguments.end());
  arguments.erase(dashes, arguments.end());
  return trailing;
}

/// A complaint about a command that does not exist, or "".
std::string UnknownCommand(const CLI::App& app, const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments.front().starts_with('-')) return "";
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands({})) names.push_back(command->get_name());
  if (std::ranges::find(names, arguments.front()) != names.end()) return "";
  const std::vector<std::string_view> views(names.begin(), names.end());
  return fmt::format("there is no command \"{}\"{}", ForLog(arguments.front()),
                     DidYouMean(arguments.front(), views));
}

int Run(std::vector<std::string> arguments) {
  CommandContext context;
  const bool has_dashes = std::ranges::find(arguments, "--") != arguments.end();
  context.trailing = SplitTrailing(arguments);

  CLI::App app("berth: one front door for the coding-agent web UIs that you run", "berth");
  app.set_version_flag("--version", "berth " BERTH_VERSION);
  app.require_subcommand(1)->footer(std::string(kExamples));
  for (AddCommand* add :
       {AddHubCommand, AddAgentCommand, AddDemoCommand, AddTokenCommand, AddKeyCommand,
        AddReleaseIdCommand, AddLoginLinkCommand, AddAuditCommand, AddLoginCommands, AddListCommand,
        AddStatusCommand, AddOpenCommand, AddWatchCommand, AddVersionCommand}) {
    add(app, context);
  }

  if (arguments.empty()) {
    WriteOutput(app.help());
    return FinishOutput(kMisused);
  }
  if (const std::string complaint = UnknownCommand(app, arguments); !complaint.empty()) {
    Warn("berth: {}\n", complaint);
    return kMisused;
  }
  const bool is_agent = arguments.front() == "agent";
  if (has_dashes && (!is_agent || context.trailing.empty())) {
    Warn("berth: {}\n",
         is_agent ? "a command must follow --" : "only `berth agent` takes a command after --");
    return kMisused;
  }
  std::ranges::reverse(arguments);  // CLI11 takes them from the back.
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, aside;
    const bool is_help = app.exit(error, out, aside) == 0;
    WriteOutput(out.str());
    WriteAside(aside.str());
    return FinishOutput(is_help ? 0 : kMisused);
  }
  return FinishOutput(context.run());
}

}  // namespace
}  // namespace berth::cli

int main(int count, char** values) {
  return berth::cli::Run(std::vector<std::string>(values + 1, values + count));
}
