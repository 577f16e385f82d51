// `berth open`: opens an instance in the browser, or prints where it opens.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "base/text.h"
#include "cli/browser.h"
#include "cli/client_answers.h"
#include "cli/command.h"
#include "cli/hub_access.h"
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

/// Prints why the browser may not show it; whether it is worth opening.
Task<int> Check(terminal::HubClient& hub, const std::string& name) {
  auto json = co_await hub.Get("/clients");
  if (!json) co_return Complain("open", json.error(), kFailed);
  auto clients = ReadClients(*json);
  if (!clients) co_return Complain("open", clients.error(), kFailed);
  const auto found = std::ranges::find(*clients, name, &control::Client::id);
  if (found == clients->end()) {
    std::vector<std::string_view> names;
    for (const auto& client : *clients) names.push_back(client.id);
    co_return Complain("open",
                       NotFound(fmt::format("there is no instance \"{}\"{}; `berth ls` shows them",
                                            ForLog(name), DidYouMean(name, names))),
                       kFailed);
  }
  if (found->metadata.state == control::State::kOffline) {
    fmt::print(stderr, "berth open: {} is offline; its page waits until it is back\n", name);
  }
  co_return 0;
}

int Run(const OpenArguments& arguments, const Environment& environment) {
  auto account = arguments.access.Find(environment);
  if (!account) return Complain("open", account.error(), HubStatusOf(account.error()));
  const std::string url = terminal::OpenUrl(account->url, arguments.name, arguments.session);
  const int status = RunWithHub("open", std::move(*account), [&](terminal::HubClient& hub) {
    return Check(hub, arguments.name);
  });
  if (status != 0) return status;
  if (!arguments.is_print && HasDesktop(environment)) {
    auto opened = OpenInBrowser(url);
    if (opened) return 0;
    fmt::print(stderr, "berth open: {}; open it yourself:\n", opened.error().message);
  }
  fmt::print("{}\n", url);
  return 0;
}

}  // namespace

void AddOpenCommand(CLI::App& app, CommandContext& context) {
  auto arguments = std::make_shared<OpenArguments>();
  auto* command = app.add_subcommand("open", "Open an instance in the browser");
  command->footer(std::string(kExamples));
  command->add_option("name", arguments->name, "The instance, as `berth ls` shows it")
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
