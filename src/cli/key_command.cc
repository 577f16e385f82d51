// `berth key`: lists and rotates the keys that the hub signs with towards agents, in the hub's data
// folder. A hub that runs on it notices within a second, and tells its agents.
#include <CLI/CLI.hpp>

#include "base/random.h"
#include "base/seal.h"
#include "base/wall_clock.h"
#include "cli/command.h"
#include "cli/hub_data.h"
#include "cli/output.h"
#include "identity/audit.h"
#include "identity/signing_keys.h"
#include "store/signing_keys.h"

namespace berth::cli {
namespace {

constexpr std::string_view kExamples = R"(
Examples:
  berth key ls                                 the keys; agents take one as --hub-key
  berth key rotate                             sign with a new key from now on
)";

struct KeyArguments {
  HubData data;
  bool is_forced = false;
};

int RunList(KeyArguments& arguments, const Environment& environment) {
  auto database = arguments.data.Open(environment);
  if (!database) return Complain("key ls", database.error(), ExitStatus(database.error()));
  auto keys = store::ListSigningKeys(**database);
  if (!keys) return Complain("key ls", keys.error(), kFailed);
  Say("{:16}  {:24}  {:7}  {}\n", "ID", "CREATED", "USE", "KEY");
  for (const auto& row : *keys) {
    auto key = Ed25519PublicKey::From(row.public_key);
    if (!key) return Complain("key ls", key.error(), kFailed);
    Say("{:16}  {:24}  {:7}  {}\n", row.id, FormatIso8601(row.created_at),
        &row == &keys->front() ? "signs" : "vouches", key->Text());
  }
  return 0;
}

int RunRotate(KeyArguments& arguments, const Environment& environment) {
  auto database = arguments.data.Open(environment);
  if (!database) return Complain("key rotate", database.error(), ExitStatus(database.error()));
  auto sealer = Sealer::Open(arguments.data.options().data / kSealKeyFile, SystemRandom());
  if (!sealer) return Complain("key rotate", sealer.error(), ExitStatus(sealer.error()));
  auto id = (*database)->InTransaction([&](store::Database& inside) -> Result<std::string> {
    const WallTime now = SystemWallClock()();
    auto made =
        identity::RotateSigningKey(inside, *sealer, now, SystemRandom(), arguments.is_forced);
    if (!made) return made;
    auto noted = identity::RecordAudit(
        inside,
        {.action = identity::audit_action::kKeyRotate, .actor = "berth key", .detail = *made}, now);
    if (!noted) return std::move(noted).error();
    return made;
  });
  if (!id) return Complain("key rotate", id.error(), kFailed);
  Say("the hub signs with {} from now on\n", *id);
  return 0;
}

using Runner = int (*)(KeyArguments&, const Environment&);

/// Adds `berth key NAME`; each has arguments of its own.
std::pair<CLI::App*, std::shared_ptr<KeyArguments>> Add(CLI::App& key, CommandContext& context,
                                                        const char* name, const char* help,
                                                        Runner runner) {
  auto arguments = std::make_shared<KeyArguments>();
  auto* command = key.add_subcommand(name, help);
  arguments->data.AddFlags(*command);
  command->callback([&context, arguments, runner] {
    context.run = [&context, arguments, runner] { return runner(*arguments, context.environment); };
  });
  return {command, arguments};
}

}  // namespace

void AddKeyCommand(CLI::App& app, CommandContext& context) {
  auto* key = app.add_subcommand("key", "List and rotate the keys that agents know the hub by");
  key->require_subcommand(1)->footer(std::string(kExamples));
  Add(*key, context, "ls", "List the keys", RunList);
  const auto [rotate, arguments] =
      Add(*key, context, "rotate", "Sign with a new key; the one before vouches for it", RunRotate);
  rotate->add_flag("--force", arguments->is_forced,
                   "Even if the last rotation was less than a day ago");
}

}  // namespace berth::cli
