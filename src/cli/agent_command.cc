// `berth agent`.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>

#include "agent/agent_main.h"
#include "cli/command.h"
#include "cli/options.h"

namespace berth::cli {
namespace {

constexpr std::string_view kExamples = R"(
Examples:
  berth agent --hub https://hub.example.org --token-file token
  berth agent --hub https://hub.example.org --token-file token --instance http://127.0.0.1:3001
  berth agent --hub https://hub.example.org --token-file token -- claudecodeui
      starts the instance too, and again whenever it stops

Each option is also an environment variable (BERTH_HUB) and a key of the file (hub = "..."); a flag
counts more than the environment, and that more than the file. The ORCHESTRATOR_* variables of
existing instances are understood.
)";

struct AgentArguments {
  agent::AgentOptions options;
  Settings settings{AgentSettings(options)};
};

std::string HostName() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "";
  return name.data();
}

int Run(AgentArguments& arguments, const CommandContext& context) {
  auto wanted = IsAgentWanted(context.environment);
  if (!wanted) return Complain("agent", wanted.error(), kMisused);
  if (!*wanted) {
    fmt::print("berth agent: nothing to do, ORCHESTRATOR_MODE is standalone\n");
    return 0;
  }
  auto resolved = arguments.settings.Resolve(context.environment, arguments.options.limits);
  if (!resolved) return Complain("agent", resolved.error(), kMisused);
  auto finished = FinishAgentOptions(arguments.options, HostName());
  if (!finished) return Complain("agent", finished.error(), kMisused);
  arguments.options.command = context.trailing;
  return agent::RunAgent(std::move(arguments.options));
}

}  // namespace

void AddAgentCommand(CLI::App& app, CommandContext& context) {
  auto arguments = std::make_shared<AgentArguments>();
  auto* command = app.add_subcommand(
      "agent", "Run an agent beside an instance and publish it at a hub [-- COMMAND ARGS...]");
  command->footer(std::string(kExamples));
  arguments->settings.AddFlags(*command);
  command->callback([&context, arguments] {
    context.run = [&context, arguments] { return Run(*arguments, context); };
  });
}

}  // namespace berth::cli
