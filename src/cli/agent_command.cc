// `berth agent` and `berth agent enroll`.
#include <CLI/CLI.hpp>

#include "agent/agent_main.h"
#include "agent/enrol_main.h"
#include "agent/machine.h"
#include "agent/state_folder.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"

namespace berth::cli {
namespace {

constexpr std::string_view kExamples = R"(
Examples:
  berth agent enroll --hub https://hub.example.org     once: gets a token, which a user approves
  berth agent --hub https://hub.example.org
  berth agent --hub https://hub.example.org --instance http://127.0.0.1:3001
  berth agent --hub https://hub.example.org -- cloudcli
      starts the instance too, and again whenever it stops
  berth agent --hub https://hub.example.org --token-file token
      with a token of berth token create

Each option is also an environment variable (BERTH_HUB) and a key of the file (hub = "..."); a flag
counts more than the environment, and that more than the file. The ORCHESTRATOR_* variables of
existing instances are understood.
)";

constexpr std::string_view kEnrolExamples = R"(
Example:
  berth agent enroll --hub https://hub.example.org --id laptop
      prints an address and a code, waits until a user of the hub has approved it, and keeps the
      token for `berth agent`
)";

struct EnrolArguments {
  agent::AgentOptions options;
  Settings settings{AgentEnrolSettings(options)};
};

int RunEnrol(EnrolArguments& arguments, const CommandContext& context) {
  constexpr std::string_view kName = "agent enroll";
  agent::AgentOptions& options = arguments.options;
  if (!context.trailing.empty()) {
    return Complain(kName, Invalid("no command can follow --: enrolling runs none"), kMisused);
  }
  auto resolved = arguments.settings.Resolve(context.environment, options.limits);
  if (!resolved) return Complain(kName, resolved.error(), kMisused);
  if (options.hub_url.empty()) {
    return Complain(kName, Invalid("which hub? give --hub URL or set ORCHESTRATOR_URL"), kMisused);
  }
  const std::string default_id = DefaultClientId(agent::HostName());
  if (options.client_id.empty()) options.client_id = default_id;
  SetLogLevel(options.log_level);
  return agent::RunEnrol({.as = {.state = agent::StateBase(),
                                 .hub_url = options.hub_url,
                                 .client_id = options.client_id},
                          .hub_tls = options.hub_tls,
                          .is_default_id = options.client_id == default_id,
                          .limits = options.limits});
}

struct AgentArguments {
  agent::AgentOptions options;
  Settings settings{AgentSettings(options)};
};

/// Options of `berth agent` before "enroll" would count for nothing.
Result<void> CheckNoneBefore(const CLI::App& agent) {
  const auto given = agent.get_options([](const CLI::Option* one) { return one->count() > 0; });
  if (given.empty()) return Ok();
  return Invalid(fmt::format(
      "{} stands before enroll, where it counts for nothing: the options of enroll come after it",
      given.front()->get_name()));
}

int Run(AgentArguments& arguments, const CommandContext& context) {
  auto wanted = IsAgentWanted(context.environment);
  if (!wanted) return Complain("agent", wanted.error(), kMisused);
  if (!*wanted) {
    Say("berth agent: nothing to do, ORCHESTRATOR_MODE is standalone\n");
    return 0;
  }
  auto resolved = arguments.settings.Resolve(context.environment, arguments.options.limits);
  if (!resolved) return Complain("agent", resolved.error(), kMisused);
  auto finished = FinishAgentOptions(arguments.options, agent::HostName(), agent::StateBase());
  if (!finished) return Complain("agent", finished.error(), ExitStatus(finished.error()));
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
  auto enrol_arguments = std::make_shared<EnrolArguments>();
  auto* enrol = command->add_subcommand(
      "enroll", "Get a token from a hub: a signed-in user approves it by a short code");
  enrol->footer(std::string(kEnrolExamples));
  enrol_arguments->settings.AddFlags(*enrol);
  command->callback([&context, command, arguments, enrol, enrol_arguments] {
    if (enrol->parsed()) {
      context.run = [&context, command, enrol_arguments] {
        auto checked = CheckNoneBefore(*command);
        if (!checked) return Complain("agent", checked.error(), kMisused);
        return RunEnrol(*enrol_arguments, context);
      };
    } else {
      context.run = [&context, arguments] { return Run(*arguments, context); };
    }
  });
}

}  // namespace berth::cli
