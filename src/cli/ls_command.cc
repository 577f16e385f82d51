// `berth ls`: the instances that the user may see, as a table.
#include <CLI/CLI.hpp>

#include "base/wall_clock.h"
#include "cli/client_answers.h"
#include "cli/command.h"
#include "cli/hub_access.h"
#include "cli/output.h"
#include "terminal/show.h"
#include "terminal/words.h"

namespace berth::cli {
namespace {

constexpr std::string_view kExamples = R"(
Examples:
  berth ls                            those that wait for you come first
  berth ls --state needs_you,error    only what a person has to look at
  berth ls --label team=core
  berth ls --json | jq -r '.clients[] | select(.metadata.state == "busy") | .id'

States: needs_you, error, busy, active, idle, offline. --json prints what the hub's API answers
(GET /clients).
)";

struct ListArguments {
  HubAccess access;
  std::vector<std::string> states;
  std::vector<std::string> labels;
  bool is_json = false;
};

int Print(const ListArguments& arguments, const ClientFilter& filter, const std::string& json,
          const std::string& url) {
  auto clients = ReadClients(json);
  if (!clients) return Complain("ls", clients.error(), kFailed);
  if (arguments.is_json) {
    auto filtered = FilterJson(json, filter, *clients);
    if (!filtered) return Complain("ls", filtered.error(), kFailed);
    SayJson(*filtered);
    return 0;
  }
  const bool are_any = !clients->empty();
  std::erase_if(*clients, [&](const auto& client) { return !filter.Fits(client); });
  if (clients->empty()) {
    if (are_any) {
      Warn("berth ls: no instance fits --state and --label\n");
    } else {
      Warn(
          "berth ls: no instances yet. On the machine of one, run: berth agent enroll "
          "--hub {}\n",
          url);
    }
    return 0;
  }
  terminal::SortForPeople(*clients);
  const auto lines = terminal::ShowList(*clients, SystemWallClock()(), terminal::StandardOutput(),
                                        terminal::ListKind::kPlace);
  for (const std::string& line : lines) Say("{}\n", line);
  return 0;
}

Task<int> List(terminal::HubClient& hub, const ListArguments& arguments,
               const ClientFilter& filter) {
  auto json = co_await hub.Get("/clients");
  if (!json) co_return Complain("ls", json.error(), kFailed);
  co_return Print(arguments, filter, *json, hub.url());
}

int Run(const ListArguments& arguments, const Environment& environment) {
  auto filter = MakeClientFilter(arguments.states, arguments.labels);
  if (!filter) return Complain("ls", filter.error(), kMisused);
  auto account = arguments.access.Find(environment);
  if (!account) return Complain("ls", account.error(), kMisused);
  return RunWithHub("ls", std::move(*account),
                    [&](terminal::HubClient& hub) { return List(hub, arguments, *filter); });
}

}  // namespace

void AddListCommand(CLI::App& app, CommandContext& context) {
  auto arguments = std::make_shared<ListArguments>();
  auto* command = app.add_subcommand("ls", "List your instances and what they are doing");
  command->footer(std::string(kExamples));
  arguments->access.AddFlags(*command);
  command
      ->add_option("--state", arguments->states,
                   "Only those in this state; may be repeated, or hold several with commas")
      ->type_name("STATE")
      ->allow_extra_args(false);
  command
      ->add_option("--label", arguments->labels,
                   "Only those with this label; may be repeated, then all must fit")
      ->type_name("KEY[=VALUE]")
      ->allow_extra_args(false);
  command->add_flag("--json", arguments->is_json, "Print JSON");
  command->callback([&context, arguments] {
    context.run = [&context, arguments] { return Run(*arguments, context.environment); };
  });
}

}  // namespace berth::cli
