// `berth version`.

#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/output.h"

namespace berth::cli {

void AddVersionCommand(CLI::App& app, CommandContext& context) {
  auto* command = app.add_subcommand("version", "Print the version");
  command->callback([&context] {
    context.run = [] {
      Say("berth {}\n", BERTH_VERSION);
      return 0;
    };
  });
}

}  // namespace berth::cli
