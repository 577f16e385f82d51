// `berth release-id`: makes an instance's id free for somebody else, which nothing else does,
// because its address may live on in browsers.
#include <CLI/CLI.hpp>

#include "base/log.h"
#include "base/wall_clock.h"
#include "cli/command.h"
#include "cli/hub_data.h"
#include "cli/output.h"
#include "identity/audit.h"
#include "store/instances.h"

namespace berth::cli {
namespace {

constexpr std::string_view kNotes = R"(
An id stays whose it was, also when the instance is removed: pages and workers of the old instance may
live on in the browsers of those who opened it, and would meet the new one at its address. Release an
id where that is no danger, as when the same person goes on under another account.

Example:
  berth release-id laptop      whoever registers laptop next has it
)";

struct ReleaseArguments {
  HubData data;
  std::string id;
};

int Run(ReleaseArguments& arguments, const Environment& environment) {
  auto database = arguments.data.Open(environment);
  if (!database) return Complain("release-id", database.error(), ExitStatus(database.error()));
  auto released = (*database)->InTransaction([&](store::Database& inside) -> Result<void> {
    auto done = store::ReleaseId(inside, arguments.id);
    if (!done) return done;
    return identity::RecordAudit(inside,
                                 {.action = identity::audit_action::kIdRelease,
                                  .actor = "berth release-id",
                                  .instance_id = arguments.id},
                                 SystemWallClock()());
  });
  if (!released) return Complain("release-id", released.error(), ExitStatus(released.error()));
  Say("{} is free\n", ForLog(arguments.id));
  return 0;
}

}  // namespace

void AddReleaseIdCommand(CLI::App& app, CommandContext& context) {
  auto arguments = std::make_shared<ReleaseArguments>();
  auto* command =
      app.add_subcommand("release-id", "Make the id of a removed instance free for another owner");
  command->footer(std::string(kNotes));
  arguments->data.AddFlags(*command);
  command->add_option("id", arguments->id, "The instance's id")->type_name("ID")->required();
  command->callback([&context, arguments] {
    context.run = [&context, arguments] { return Run(*arguments, context.environment); };
  });
}

}  // namespace berth::cli
