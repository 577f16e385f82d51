// `berth token`: makes, lists and revokes the tokens of agents, in the hub's data folder. A hub
// that runs on it notices within a second.
#include <CLI/CLI.hpp>

#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "base/wall_clock.h"
#include "cli/command.h"
#include "cli/hub_data.h"
#include "cli/output.h"
#include "identity/agent_tokens.h"
#include "identity/audit.h"
#include "identity/owner.h"
#include "store/tokens.h"

namespace berth::cli {
namespace {

constexpr std::string_view kExamples = R"(
Examples:
  (umask 077; berth token create --name laptop > token)
                                               the token is shown this once; an agent takes it from
                                               a file that nobody else may read
  berth token create --name ci --instance ci-1 --instance ci-2 --expires 30d
                                               for these two ids only, and not for ever
  berth token create --name anna-pc --user anna
                                               its instances belong to Anna
  berth token ls
  berth token revoke 0123456789abcdef          its agent is cut off within two seconds
)";

struct TokenArguments {
  HubData data;
  std::string name;
  std::string user = "owner";
  std::vector<std::string> instance_ids;
  std::optional<std::string> expires;  ///< Given, if empty too: that is no wish for ever.
  std::string id;
};

/// Writes into the audit log what this command did.
Result<void> Note(store::Database& database, std::string_view action, std::string detail,
                  WallTime now) {
  return identity::RecordAudit(
      database, {.action = action, .actor = "berth token", .detail = std::move(detail)}, now);
}

/// Days where they are meant: a number alone would be milliseconds.
Result<std::chrono::milliseconds> ParseLifetime(std::string_view text) {
  auto lifetime = ParseDuration(text);
  if (!lifetime) return lifetime;
  if (text.find_first_not_of("0123456789") == std::string_view::npos) {
    return Invalid(fmt::format("\"{0}\" has no unit; write {0}d or {0}h", ForLog(text)));
  }
  if (*lifetime < std::chrono::seconds(1)) return Invalid("must be a second at least");
  return lifetime;
}

Result<identity::AgentTokenTerms> TermsOf(const TokenArguments& arguments, WallTime now) {
  identity::AgentTokenTerms terms{.instance_ids = arguments.instance_ids};
  if (arguments.expires) {
    auto lifetime = ParseLifetime(*arguments.expires);
    if (!lifetime) return Wrap(std::move(lifetime).error(), "--expires");
    terms.expires_at = now + *lifetime;
  }
  return terms;
}

Result<identity::CreatedAgentToken> Create(store::Database& database,
                                           const TokenArguments& arguments,
                                           identity::AgentTokenTerms terms, WallTime now) {
  return database.InTransaction(
      [&](store::Database& inside) -> Result<identity::CreatedAgentToken> {
        auto person = identity::EnsureLocalUser(inside, arguments.user, now);
        if (!person) return std::move(person).error();
        auto made = identity::CreateAgentToken(inside, person->user.id, arguments.name,
                                               std::move(terms), now, SystemRandom());
        if (!made) return made;
        auto noted = Note(inside, identity::audit_action::kTokenCreate,
                          fmt::format("{} {} {}", made->id, made->name, person->for_whom), now);
        if (!noted) return std::move(noted).error();
        return made;
      });
}

int RunCreate(TokenArguments& arguments, const Environment& environment) {
  const WallTime now = SystemWallClock()();
  auto terms = TermsOf(arguments, now);
  if (!terms) return Complain("token create", terms.error(), kMisused);
  // Before the hub's first start as well: what sets both up may begin with either.
  auto database = arguments.data.Open(environment, HubData::Missing::kCreate);
  if (!database) return Complain("token create", database.error(), ExitStatus(database.error()));
  auto token = Create(**database, arguments, *std::move(terms), now);
  if (!token) return Complain("token create", token.error(), ExitStatus(token.error()));
  Say("{}\n", token->text.Reveal());
  if (FlushOutput() != 0) {
    Warn("berth token create: the token was made, but is lost: berth token revoke {}\n", token->id);
  }
  return 0;
}

std::string TimeOrDash(const std::optional<WallTime>& time) {
  return time ? FormatIso8601(*time) : "-";
}

int RunList(TokenArguments& arguments, const Environment& environment) {
  auto database = arguments.data.Open(environment);
  if (!database) return Complain("token ls", database.error(), ExitStatus(database.error()));
  auto tokens = store::ListTokens(**database);
  if (!tokens) return Complain("token ls", tokens.error(), kFailed);
  constexpr auto kColumns = "{:16}  {:24}  {:24}  {:24}  {:24}  {:20}  {}\n";
  Say(kColumns, "ID", "CREATED", "LAST USED", "EXPIRES", "REVOKED", "INSTANCES", "NAME");
  for (const auto& token : *tokens) {
    const std::string ids = fmt::format("{}", fmt::join(token.instance_ids, ","));
    Say(kColumns, token.id, FormatIso8601(token.created_at), TimeOrDash(token.last_used_at),
        TimeOrDash(token.expires_at), TimeOrDash(token.revoked_at), ids.empty() ? "any" : ids,
        ForLog(token.name));
  }
  return 0;
}

/// Takes "ao_ID_SECRET" for ID: whoever has to revoke a leaked token has all of it at hand.
std::string_view IdOf(std::string_view text) {
  if (text.starts_with("ao_")) text.remove_prefix(3);
  return text.substr(0, text.find('_'));
}

int RunRevoke(TokenArguments& arguments, const Environment& environment) {
  auto database = arguments.data.Open(environment);
  if (!database) return Complain("token revoke", database.error(), ExitStatus(database.error()));
  const std::string_view id = IdOf(arguments.id);
  auto revoked = (*database)->InTransaction([id](store::Database& inside) -> Result<bool> {
    const WallTime now = SystemWallClock()();
    auto done = store::RevokeToken(inside, id, now);
    if (!done || !*done) return done;
    auto noted = Note(inside, identity::audit_action::kTokenRevoke, std::string(id), now);
    if (!noted) return std::move(noted).error();
    return true;
  });
  if (!revoked) return Complain("token revoke", revoked.error(), kFailed);
  Say("{} {}\n", *revoked ? "revoked" : "was revoked already:", id);
  return 0;
}

using Runner = int (*)(TokenArguments&, const Environment&);

/// Adds `berth token NAME`; each has arguments of its own.
std::pair<CLI::App*, std::shared_ptr<TokenArguments>> Add(CLI::App& token, CommandContext& context,
                                                          const char* name, const char* help,
                                                          Runner runner) {
  auto arguments = std::make_shared<TokenArguments>();
  auto* command = token.add_subcommand(name, help);
  arguments->data.AddFlags(*command);
  command->callback([&context, arguments, runner] {
    context.run = [&context, arguments, runner] { return runner(*arguments, context.environment); };
  });
  return {command, arguments};
}

}  // namespace

void AddTokenCommand(CLI::App& app, CommandContext& context) {
  auto* token = app.add_subcommand("token", "Make, list and revoke the tokens of agents");
  token->require_subcommand(1)->footer(std::string(kExamples));
  const auto [create, created] =
      Add(*token, context, "create", "Make a token and print it, this once", RunCreate);
  create->add_option("--name", created->name, "What to call it, e.g. the machine")
      ->type_name("NAME")
      ->required();
  create
      ->add_option(
          "--user", created->user,
          "Whose instances it registers: the hub's owner's, or those of a member of that name")
      ->type_name("NAME")
      ->capture_default_str();
  create
      ->add_option("--instance", created->instance_ids,
                   "The only id that it may register; may be repeated (default: any)")
      ->type_name("ID")
      ->allow_extra_args(false);
  create
      ->add_option("--expires", created->expires, "How long it works, e.g. 30d (default: for ever)")
      ->type_name("TIME");
  Add(*token, context, "ls", "List all tokens, revoked ones too", RunList);
  const auto [revoke, revoked] =
      Add(*token, context, "revoke", "Revoke a token; its agent is cut off", RunRevoke);
  revoke->add_option("id", revoked->id, "The token's id, as `berth token ls` shows it")
      ->type_name("ID")
      ->required();
}

}  // namespace berth::cli
