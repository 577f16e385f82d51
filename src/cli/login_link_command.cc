// `berth login-link`: prints a link that signs its opener in, once: as the hub's owner, or as
// somebody whom whoever may read the hub's data folder names here.
#include <CLI/CLI.hpp>

#include "base/random.h"
#include "base/wall_clock.h"
#include "cli/command.h"
#include "cli/hub_data.h"
#include "cli/output.h"
#include "identity/audit.h"
#include "identity/login_codes.h"
#include "identity/owner.h"
#include "store/meta.h"

namespace berth::cli {
namespace {

constexpr std::string_view kExamples = R"(
Example:
  berth login-link              open what it prints before it ends; it works once
  berth login-link --user anna  the same for Anna, who is made a member of the hub
)";

/// "URL/login#CODE".
Result<Secret> MakeLink(store::Database& database, std::string_view user,
                        std::chrono::milliseconds lifetime, WallTime now) {
  auto url = store::ReadMeta(database, store::kPublicUrlKey);
  if (!url) return std::move(url).error();
  if (!*url) {
    return NotFound("no hub has run with this data folder yet: start `berth hub` first");
  }
  auto person = identity::EnsureLocalUser(database, user, now);
  if (!person) return std::move(person).error();
  auto code = identity::IssueLoginCode(database, person->user.id, lifetime, now, SystemRandom());
  if (!code) return std::move(code).error();
  auto noted = identity::RecordAudit(database,
                                     {.action = identity::audit_action::kLoginLink,
                                      .actor = "berth login-link",
                                      .detail = person->for_whom},
                                     now);
  if (!noted) return std::move(noted).error();
  return Secret(fmt::format("{}/login#{}", **url, code->Reveal()));
}

struct LinkArguments {
  HubData data;
  std::string user = "owner";
};

int Run(LinkArguments& arguments, const Environment& environment) {
  auto database = arguments.data.Open(environment);
  if (!database) return Complain("login-link", database.error(), ExitStatus(database.error()));
  const WallTime now = SystemWallClock()();
  const auto lifetime = arguments.data.options().limits.login_code_lifetime;
  auto link = (*database)->InTransaction(
      [&](store::Database& inside) { return MakeLink(inside, arguments.user, lifetime, now); });
  if (!link) return Complain("login-link", link.error(), ExitStatus(link.error()));
  Say("{}\n", link->Reveal());
  // The hub may have been told a shorter time, in a file that this command was not.
  if (FlushOutput() == 0) {
    Warn("It works once, until {} at the latest.\n", FormatIso8601(now + lifetime));
  }
  return 0;
}

}  // namespace

void AddLoginLinkCommand(CLI::App& app, CommandContext& context) {
  auto arguments = std::make_shared<LinkArguments>();
  auto* command =
      app.add_subcommand("login-link", "Print a link that signs you in at the hub, once");
  command->footer(std::string(kExamples));
  arguments->data.AddFlags(*command);
  command
      ->add_option("--user", arguments->user,
                   "Whom it signs in: the hub's owner, or a member of that name")
      ->type_name("NAME")
      ->capture_default_str();
  command->callback([&context, arguments] {
    context.run = [&context, arguments] { return Run(*arguments, context.environment); };
  });
}

}  // namespace berth::cli
