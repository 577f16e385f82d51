// `berth login-link`: prints a link that signs its opener in as the hub's owner, once. Whoever may
// read the hub's data folder may do this.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/random.h"
#include "base/wall_clock.h"
#include "cli/command.h"
#include "cli/hub_data.h"
#include "identity/login_codes.h"
#include "identity/owner.h"
#include "store/meta.h"

namespace berth::cli {
namespace {

constexpr std::string_view kExamples = R"(
Example:
  berth login-link          open what it prints within 15 minutes; it works once
)";

/// "URL/login#CODE".
Result<Secret> MakeLink(store::Database& database, const Limits& limits) {
  const WallTime now = SystemWallClock()();
  auto url = store::ReadMeta(database, store::kPublicUrlKey);
  if (!url) return std::move(url).error();
  if (!*url) {
    return NotFound("no hub has run with this data folder yet: start `berth hub` first");
  }
  auto owner = identity::EnsureOwner(database, now);
  if (!owner) return std::move(owner).error();
  auto code = identity::IssueLoginCode(database, owner->id, limits.login_code_lifetime, now,
                                       SystemRandom());
  if (!code) return std::move(code).error();
  return Secret(fmt::format("{}/login#{}", **url, code->Reveal()));
}

int Run(HubData& data, const Environment& environment) {
  auto database = data.Open(environment, HubData::Missing::kRefuse);
  if (!database) return Complain("login-link", database.error(), StatusOf(database.error()));
  auto link = (*database)->InTransaction(
      [&data](store::Database& inside) { return MakeLink(inside, data.options().limits); });
  if (!link) return Complain("login-link", link.error(), kFailed);
  fmt::print("{}\n", link->Reveal());
  return std::fflush(stdout) == 0 ? 0 : kFailed;
}

}  // namespace

void AddLoginLinkCommand(CLI::App& app, CommandContext& context) {
  auto data = std::make_shared<HubData>();
  auto* command =
      app.add_subcommand("login-link", "Print a link that signs you in at the hub, once");
  command->footer(std::string(kExamples));
  data->AddFlags(*command);
  command->callback([&context, data] {
    context.run = [&context, data] { return Run(*data, context.environment); };
  });
}

}  // namespace berth::cli
