// `berth audit`: reads, verifies and exports the audit log in the hub's data folder, while a hub
// runs on it or not.
#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdio>
#include <deque>
#include <thread>

#include "base/encoding.h"
#include "base/wall_clock.h"
#include "cli/command.h"
#include "cli/hub_data.h"
#include "cli/output.h"
#include "hub/audit_view.h"
#include "store/audit.h"
#include "terminal/text.h"

namespace berth::cli {
namespace {

constexpr std::string_view kExamples = R"(
Examples:
  berth audit                        the last 50 events
  berth audit --user octocat         what one person did
  berth audit --action share_create --instance laptop
                                     with whom an instance was shared
  berth audit --json > audit.jsonl   everything, one JSON object a line, the oldest first
  berth audit --verify               checks that nothing was changed or taken out

--verify prints the hash of the last event. Keep it elsewhere: that the log was cut off at its end
shows only by a hash that is no longer in it.
)";

constexpr std::int64_t kDefaultRows = 50;
constexpr std::chrono::milliseconds kFollowEach(500);

struct AuditArguments {
  HubData data;
  std::int64_t limit = 0;  ///< 0: as the form wants it.
  store::AuditFilter filter;
  bool is_json = false;
  bool is_verify = false;
  bool is_follow = false;
};

void PrintHeading() {
  Say("{:>6}  {:24}  {:24}  {:16}  {:7}  {:20}  {:15}  {}\n", "SEQ", "TIME", "WHO", "ACTION",
      "RESULT", "INSTANCE", "ADDRESS", "DETAIL");
}

std::string_view OrDash(std::string_view text) { return text.empty() ? "-" : text; }

void PrintLine(const store::AuditRow& row) {
  const store::AuditEntry& entry = row.entry;
  Say("{:>6}  {:24}  {:24}  {:16}  {:7}  {:20}  {:15}  {}\n", row.seq, FormatIso8601(entry.at),
      OrDash(terminal::Plain(entry.actor)), entry.action, entry.result, OrDash(entry.instance_id),
      OrDash(entry.address), terminal::Plain(entry.detail));
}

void PrintJson(const store::AuditRow& row) { SayJson(boost::json::serialize(hub::AuditView(row))); }

void Print(const AuditArguments& arguments, const store::AuditRow& row) {
  arguments.is_json ? PrintJson(row) : PrintLine(row);
}

int RunVerify(store::Database& database) {
  auto verdict =
      database.InSnapshot([](store::Database& inside) { return store::VerifyAudit(inside); });
  if (!verdict) return Complain("audit", verdict.error(), kFailed);
  if (verdict->broken_at) {
    Say("broken at event {}: it was changed, or events before it were taken out\n",
        *verdict->broken_at);
    return kFailed;
  }
  Say("{} events, unbroken; last hash {}\n", verdict->rows, HexEncode(verdict->last_hash));
  return 0;
}

/// Prints what is wanted of the rows after `last`, which moves on to the last one there is. All of
/// them, or the newest `limit` (0: all).
Result<void> PrintAfter(store::Database& database, const AuditArguments& arguments,
                        std::int64_t limit, std::int64_t& last) {
  std::deque<store::AuditRow> kept;
  auto done = store::EachAudit(database, last, arguments.filter, [&](const store::AuditRow& row) {
    last = row.seq;
    if (limit == 0) return Print(arguments, row);
    kept.push_back(row);
    if (std::ssize(kept) > limit) kept.pop_front();
  });
  if (!done) return done;
  for (const auto& row : kept) Print(arguments, row);
  return Ok();
}

int Run(AuditArguments& arguments, const Environment& environment) {
  auto database = arguments.data.Open(environment);
  if (!database) return Complain("audit", database.error(), ExitStatus(database.error()));
  if (arguments.is_verify) return RunVerify(**database);
  std::int64_t limit = arguments.limit;
  if (limit == 0 && !arguments.is_json) limit = kDefaultRows;
  if (!arguments.is_json) PrintHeading();
  std::int64_t last = 0;
  for (;;) {
    auto printed = PrintAfter(**database, arguments, limit, last);
    if (!printed) return Complain("audit", printed.error(), kFailed);
    if (!arguments.is_follow || FlushOutput() != 0) return 0;
    limit = 0;
    std::this_thread::sleep_for(kFollowEach);
  }
}

}  // namespace

void AddAuditCommand(CLI::App& app, CommandContext& context) {
  auto arguments = std::make_shared<AuditArguments>();
  auto* command = app.add_subcommand("audit", "Read, verify and export the audit log");
  command->footer(std::string(kExamples));
  arguments->data.AddFlags(*command);
  auto* limit = command->add_option("--limit", arguments->limit,
                                    "The newest N events (default 50; with --json all)");
  limit->type_name("N")->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}));
  auto* user = command->add_option("--user", arguments->filter.actor, "Only what this person did");
  user->type_name("NAME");
  auto* action = command->add_option("--action", arguments->filter.action,
                                     "Only events of this kind: sign_in");
  action->type_name("NAME");
  auto* instance = command->add_option("--instance", arguments->filter.instance_id,
                                       "Only what concerns this instance");
  instance->type_name("ID");
  auto* result = command->add_option("--result", arguments->filter.result,
                                     "Only what ended so: ok, denied or failed");
  result->type_name("NAME")->check(CLI::IsMember({"ok", "denied", "failed"}));
  auto* json = command->add_flag("--json", arguments->is_json, "One JSON object a line");
  auto* follow =
      command->add_flag("--follow", arguments->is_follow, "Go on with what happens from now on");
  command->add_flag("--verify", arguments->is_verify, "Check the chain of hashes instead")
      ->excludes(limit)
      ->excludes(user)
      ->excludes(action)
      ->excludes(instance)
      ->excludes(result)
      ->excludes(json)
      ->excludes(follow);
  command->callback([&context, arguments] {
    context.run = [&context, arguments] { return Run(*arguments, context.environment); };
  });
}

}  // namespace berth::cli
