// `berth status`: one instance in detail, or all in one line; the exit status says it to scripts.
#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/wall_clock.h"
#include "cli/client_answers.h"
#include "cli/command.h"
#include "cli/hub_access.h"
#include "cli/output.h"
#include "terminal/names.h"
#include "terminal/show.h"
#include "terminal/words.h"

namespace berth::cli {
namespace {

constexpr int kNeedsYou = 3;
constexpr int kOffline = 4;
constexpr int kRunFailed = 5;
constexpr int kNoAnswer = 6;

constexpr std::string_view kExamples = R"(
Examples:
  berth status                        one line: how many wait, are busy, idle, offline
  berth status laptop                 everything about one, with what its sessions ask
  berth status laptop --json | jq .metadata.sessions
  berth status --quiet; [ $? -eq 3 ] && notify-send "somebody waits for you"

Exit status: 0 fine; 3 it needs you; 4 it is offline; 5 its last run failed, and nobody has looked;
6 its agent gets no answer from it. Of all instances: 3 if one needs you; 5 if one failed; 6 if one
gives no answer; 4 if all are offline. 1: the hub could not be asked, or there is no such instance;
2: the command line is wrong.
)";

struct StatusArguments {
  HubAccess access;
  std::string name;
  bool is_json = false;
  bool is_quiet = false;
};

int StatusOf(const control::ClientMetadata& metadata) {
  switch (metadata.state) {
    case control::State::kNeedsYou:
      return kNeedsYou;
    case control::State::kOffline:
      return kOffline;
    case control::State::kError:
      return kRunFailed;
    default:
      return terminal::IsSilent(metadata) ? kNoAnswer : 0;
  }
}

int StatusOf(const std::vector<control::Client>& clients) {
  const auto is = [](int status) {
    return [status](const control::Client& client) { return StatusOf(client.metadata) == status; };
  };
  for (const int status : {kNeedsYou, kRunFailed, kNoAnswer}) {
    if (std::ranges::any_of(clients, is(status))) return status;
  }
  return !clients.empty() && std::ranges::all_of(clients, is(kOffline)) ? kOffline : 0;
}

Task<int> ShowAll(terminal::HubClient& hub, const StatusArguments& arguments) {
  auto json = co_await hub.Get("/clients");
  if (!json) co_return Complain("status", json.error(), kFailed);
  auto clients = ReadClients(*json);
  if (!clients) co_return Complain("status", clients.error(), kFailed);
  if (arguments.is_json) {
    SayJson(*json);
  } else if (!arguments.is_quiet) {
    Say("{}\n", terminal::Summary(*clients));
  }
  co_return StatusOf(*clients);
}

Task<int> ShowOne(terminal::HubClient& hub, const StatusArguments& arguments) {
  auto all = co_await hub.Get("/clients");
  if (!all) co_return Complain("status", all.error(), kFailed);
  auto clients = ReadClients(*all);
  if (!clients) co_return Complain("status", clients.error(), kFailed);
  auto found = terminal::FindByName(*clients, arguments.name);
  if (!found) co_return Complain("status", found.error(), kFailed);
  auto json = co_await hub.Get("/clients/" + found->id);
  if (!json) co_return Complain("status", json.error(), kFailed);
  auto client = ReadClient(*json);
  if (!client) co_return Complain("status", client.error(), kFailed);
  if (arguments.is_json) {
    SayJson(*json);
  } else if (!arguments.is_quiet) {
    const auto lines =
        terminal::ShowInstance(*client, SystemWallClock()(), terminal::StandardOutput(), hub.url());
    for (const std::string& line : lines) Say("{}\n", line);
  }
  co_return StatusOf(client->metadata);
}

int Run(const StatusArguments& arguments, const Environment& environment) {
  auto account = arguments.access.Find(environment);
  if (!account) return Complain("status", account.error(), kMisused);
  return RunWithHub("status", std::move(*account), [&](terminal::HubClient& hub) {
    return arguments.name.empty() ? ShowAll(hub, arguments) : ShowOne(hub, arguments);
  });
}

}  // namespace

void AddStatusCommand(CLI::App& app, CommandContext& context) {
  auto arguments = std::make_shared<StatusArguments>();
  auto* command =
      app.add_subcommand("status", "Show one instance in detail, or all of them in one line");
  command->footer(std::string(kExamples));
  command
      ->add_option("name", arguments->name,
                   "The instance: its id or its name, as `berth ls` shows them")
      ->type_name("NAME");
  arguments->access.AddFlags(*command);
  auto* json = command->add_flag("--json", arguments->is_json, "Print what the hub's API answers");
  command->add_flag("--quiet", arguments->is_quiet, "Print nothing: the exit status says it")
      ->excludes(json);
  command->callback([&context, arguments] {
    context.run = [&context, arguments] { return Run(*arguments, context.environment); };
  });
}

}  // namespace berth::cli
