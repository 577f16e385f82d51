// `berth demo`.
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/demo.h"

namespace berth::cli {
namespace {

constexpr std::string_view kFooter = R"(
Starts a hub, an agent and a small sample web UI in this one process, prints a link that signs you
in, and forgets everything when it stops (Ctrl-C). Nothing else needs to be installed.
)";

}  // namespace

void AddDemoCommand(CLI::App& app, CommandContext& context) {
  auto listen = std::make_shared<std::string>("127.0.0.1:8787");
  auto* command = app.add_subcommand("demo", "Try it: hub, agent and a sample web UI at once");
  command->footer(std::string(kFooter));
  command
      ->add_option("--listen", *listen,
                   "Where the hub listens, on this machine (default 127.0.0.1:8787)")
      ->type_name("ADDR:PORT");
  command->callback([&context, listen] { context.run = [listen] { return RunDemo(*listen); }; });
}

}  // namespace berth::cli
