// `berth hub`.
#include <CLI/CLI.hpp>

#include "base/log.h"
#include "cli/command.h"
#include "cli/options.h"
#include "hub/hub_main.h"

namespace berth::cli {
namespace {

constexpr std::string_view kExamples = R"(
Examples:
  berth hub                                    on this machine only, http://127.0.0.1:8787
  berth hub --listen 0.0.0.0:443 --public-url https://hub.example.org \
            --apps-domain apps.example.org --tls-cert chain.pem --tls-key key.pem
  berth hub --config /etc/berth/hub.toml

Each option is also an environment variable (BERTH_PUBLIC_URL) and a key of the file
(public_url = "..."); a flag counts more than the environment, and that more than the file. The
file's [limits] table changes limits and deadlines: ping_after = "10s", request_head = "64KiB".
)";

struct HubArguments {
  hub::HubOptions options;
  Settings settings{HubSettings(options)};
};

int Run(HubArguments& arguments, const Environment& environment) {
  auto resolved = arguments.settings.Resolve(environment, arguments.options.limits);
  if (!resolved) return Complain("hub", resolved.error(), kMisused);
  auto finished = FinishHubOptions(arguments.options, environment);
  if (!finished) return Complain("hub", finished.error(), kMisused);
  SetLogLevel(arguments.options.log_level);
  for (const std::string& warning : SignInWarnings(arguments.options.sign_in)) {
    LogWarn("{}", warning);
  }
  return hub::RunHub(std::move(arguments.options));
}

}  // namespace

void AddHubCommand(CLI::App& app, CommandContext& context) {
  auto arguments = std::make_shared<HubArguments>();
  auto* command =
      app.add_subcommand("hub", "Run a hub: the front door, with sign-in and dashboard");
  command->footer(std::string(kExamples));
  arguments->settings.AddFlags(*command);
  command->callback([&context, arguments] {
    context.run = [&context, arguments] { return Run(*arguments, context.environment); };
  });
}

}  // namespace berth::cli
