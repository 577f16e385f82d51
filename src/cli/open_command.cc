// `berth open`: opens an instance in the browser, or prints where it opens.
#include <CLI/CLI.hpp>

#include "cli/browser.h"
#include "cli/client_answers.h"
#include "cli/command.h"
#include "cli/hub_access.h"
#include "cli/output.h"
#include "terminal/names.h"
#include "terminal/show.h"

namespace berth::cli {
namespace {

constexpr std::string_view kExamples = R"(
Examples:
  berth open laptop                   in the browser, which must be signed in at the hub
  berth open laptop --session 82390b3b-8a34-4b1a-9f4e-3f0c5e2b7d11
  berth open laptop --print           only prints the address, as it does without a desktop
)";

struct OpenArguments {
  HubAccess access;
  std::string name;
  std::string session;
  bool is_print = false;
};

/// Finds the instance; `url` is where it opens.
Task<int> FindUrl(terminal::HubClient& hub, const OpenArguments& arguments, std::string& url) {
  auto json = co_await hub.Get("/clients");
  if (!json) co_return Complain("open", json.error(), kFailed);
  auto clients = ReadClients(*json);
  if (!clients) co_return Complain("open", clients.error(), kFailed);
  auto found = terminal::FindByName(*clients, arguments.name);
  if (!found) co_return Complain("open", found.error(), kFailed);
  if (found->metadata.state == control::State::kOffline) {
    Warn("berth open: {} is offline; its page waits until it is back\n", terminal::NameOf(*found));
  }
  url = terminal::OpenUrl(hub.url(), found->id, arguments.session);
  co_return 0;
}

int Run(const OpenArguments& arguments, const Environment& environment) {
  auto account = arguments.access.Find(environment);
  if (!account) return Complain("open", account.error(), kMisused);
  std::string url;
  const int status = RunWithHub("open", std::move(*account), [&](terminal::HubClient& hub) {
    return FindUrl(hub, arguments, url);
  });
  if (status != 0) return status;
  if (!arguments.is_print && HasDesktop(environment)) {
    auto opened = OpenInBrowser(url);
    if (opened) return 0;
    Warn("berth open: {}; open it yourself:\n", opened.error().message);
  }
  Say("{}\n", url);
  return 0;
}

}  // namespace

void AddOpenCommand(CLI::App& app, CommandContext& context) {
  auto arguments = std::make_shared<OpenArguments>();
  auto* command = app.add_subcommand("open", "Open an instance in the browser");
  command->footer(std::string(kExamples));
  command
      ->add_option("name", arguments->name,
                   "The instance: its id or its name, as `berth ls` shows them")
      ->type_name("NAME")
      ->required();
  command
      ->add_option("--session", arguments->session,
                   "The session to open it at, as `berth status NAME` shows it")
      ->type_name("ID");
  command->add_flag("--print", arguments->is_print, "Print the address instead");
  arguments->access.AddFlags(*command);
  command->callback([&context, arguments] {
    context.run = [&context, arguments] { return Run(*arguments, context.environment); };
  });
}

}  // namespace berth::cli
