// `berth login` and `berth logout`: remember a hub and an API token for it, and forget them.
#include <CLI/CLI.hpp>

#include "base/json.h"
#include "cli/command.h"
#include "cli/hub_access.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/prompt.h"
#include "terminal/known_hubs.h"
#include "terminal/text.h"

namespace berth::cli {
namespace {

constexpr std::string_view kLoginExamples = R"(
Examples:
  berth login --hub https://hub.example.org
      asks for an API token: make one in the browser at https://hub.example.org/settings/tokens,
      with the scopes instances:read and profile:read
  pass show berth | berth login --hub https://hub.example.org
      reads it from a pipe

The token is tried, then kept in ~/.config/berth/hubs.toml (or below XDG_CONFIG_HOME), which nobody
else can read. From then on `berth ls`, `status`, `open` and `watch` need neither --hub nor a token.
)";

constexpr std::string_view kLogoutExamples = R"(
Examples:
  berth logout                                 forgets the hub of the last login
  berth logout --hub https://hub.example.org

The token still works until it is revoked at the hub, at /settings/tokens.
)";

struct LoginArguments {
  HubAccess access;
};

/// Whom the token acts for; "" if it may not tell.
std::string NameIn(std::string_view json) {
  const auto object = ParseJsonObject(json);
  const auto* user = object ? ObjectMember(*object, "user") : nullptr;
  if (user == nullptr) return "";
  for (const char* key : {"login", "name"}) {
    const std::string_view name = StringMember(*user, key);
    if (!name.empty()) return terminal::Plain(name);
  }
  return "";
}

/// Whether the token may do what the commands need; `name` is whom it acts for.
Task<int> Try(terminal::HubClient& hub, std::string& name) {
  auto instances = co_await hub.Get("/clients");
  if (!instances) co_return Complain("login", instances.error(), kFailed);
  auto session = co_await hub.Get("/api/session");
  if (session) name = NameIn(*session);
  co_return 0;
}

Result<Secret> AskForToken(const LoginArguments& arguments, const std::string& url) {
  if (!arguments.access.token_file.empty()) return ApiTokenFromFile(arguments.access.token_file);
  auto line = AskForSecret(fmt::format(
      "Make an API token at {}/settings/tokens (scopes instances:read and profile:read).\n"
      "Paste it here (it is not shown): ",
      url));
  if (!line) return line;
  return terminal::ReadApiToken(line->Reveal());
}

int RunLogin(const LoginArguments& arguments, const Environment& environment) {
  auto file = KnownHubsFile(environment);
  if (!file) return Complain("login", file.error(), kMisused);
  auto url = arguments.access.FindHub(environment);
  if (!url) return Complain("login", url.error(), kMisused);
  auto tls = arguments.access.FindTls(environment);
  if (!tls) return Complain("login", tls.error(), kMisused);
  auto token = AskForToken(arguments, *url);
  if (!token && token.error().kind == ErrorKind::kCancelled) {
    return Complain("login", token.error(), kInterrupted);
  }
  if (!token) return Complain("login", token.error(), kMisused);
  std::string name;
  const int status =
      RunWithHub("login", {.url = *url, .tls = std::move(*tls), .token = token->Copy()},
                 [&](terminal::HubClient& hub) { return Try(hub, name); });
  if (status != 0) return status;
  auto known = terminal::ReadKnownHubs(*file);
  if (!known) return Complain("login", known.error(), kMisused);
  known->current = *url;
  known->tokens[*url] = std::move(*token);
  auto written = terminal::WriteKnownHubs(*file, *known);
  if (!written) return Complain("login", written.error(), kFailed);
  Say("Logged in at {}{}. Try: berth ls\n", *url, name.empty() ? "" : " as " + name);
  return 0;
}

int RunLogout(const LoginArguments& arguments, const Environment& environment) {
  auto file = KnownHubsFile(environment);
  if (!file) return Complain("logout", file.error(), kMisused);
  auto known = terminal::ReadKnownHubs(*file);
  if (!known) return Complain("logout", known.error(), kMisused);
  std::string url = known->current;
  if (!arguments.access.hub.empty()) {
    auto named = NormalizeHubUrl(arguments.access.hub);
    if (!named) return Complain("logout", named.error(), kMisused);
    url = std::move(*named);
  }
  if (known->tokens.erase(url) == 0) {
    Say("You are not logged in{}\n", url.empty() ? "." : " at " + url + ".");
    return 0;
  }
  if (known->current == url) {
    known->current = known->tokens.empty() ? "" : known->tokens.begin()->first;
  }
  auto written = terminal::WriteKnownHubs(*file, *known);
  if (!written) return Complain("logout", written.error(), kFailed);
  Say("Forgot the token for {}. It still works: revoke it at {}/settings/tokens.\n", url, url);
  if (!known->current.empty()) Say("The hub is now {}.\n", known->current);
  return 0;
}

}  // namespace

void AddLoginCommands(CLI::App& app, CommandContext& context) {
  auto arguments = std::make_shared<LoginArguments>();
  auto* login = app.add_subcommand("login", "Remember a hub, and an API token for it");
  login->footer(std::string(kLoginExamples));
  login->add_option("--hub", arguments->access.hub, "The hub; also BERTH_HUB")->type_name("URL");
  arguments->access.AddTlsFlags(*login);
  login
      ->add_option("--token-file", arguments->access.token_file,
                   "Holds the API token (default: ask, or read a pipe)")
      ->type_name("FILE");
  login->callback([&context, arguments] {
    context.run = [&context, arguments] { return RunLogin(*arguments, context.environment); };
  });
  auto* logout = app.add_subcommand("logout", "Forget the token of a hub");
  logout->footer(std::string(kLogoutExamples));
  logout
      ->add_option("--hub", arguments->access.hub,
                   "The hub (default: that of the last `berth login`)")
      ->type_name("URL");
  logout->callback([&context, arguments] {
    context.run = [&context, arguments] { return RunLogout(*arguments, context.environment); };
  });
}

}  // namespace berth::cli
