#include "cli/hub_access.h"

#include <CLI/CLI.hpp>

#include "base/private_file.h"
#include "base/task_group.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/setting_values.h"
#include "net/loop.h"
#include "net/signals.h"
#include "terminal/known_hubs.h"

namespace berth::cli {
namespace {

constexpr std::size_t kMaxTokenFile = 4096;

Result<terminal::KnownHubs> Remembered(const Environment& environment) {
  auto file = KnownHubsFile(environment);
  if (!file) return terminal::KnownHubs{};  // Without a home nothing is remembered.
  return terminal::ReadKnownHubs(*file);
}

Task<void> Work(net::Loop& loop, terminal::HubClient& hub, const HubWork& work, int& status) {
  status = co_await work(hub);
  loop.Stop();
}

Task<void> StopOnSignal(net::Loop& loop, int interrupted, int& status) {
  net::Signals signals(loop);
  co_await signals.Next();
  status = interrupted;
  loop.Stop();
}

}  // namespace

void HubAccess::AddFlags(CLI::App& command) {
  command
      .add_option("--hub", hub, "The hub; also BERTH_HUB (default: that of the last `berth login`)")
      ->type_name("URL");
  command
      .add_option("--token-file", token_file,
                  "Holds an API token; or give it in BERTH_API_TOKEN (default: that of `berth "
                  "login`)")
      ->type_name("FILE");
  AddTlsFlags(command);
}

void HubAccess::AddTlsFlags(CLI::App& command) {
  command
      .add_option("--hub-ca", hub_ca,
                  "PEM file of authorities or certificates to trust besides the system's; also "
                  "BERTH_HUB_CA")
      ->type_name("FILE");
  command
      .add_option("--hub-pin", hub_pin,
                  "The public key that the hub's certificate must have; nothing else about it "
                  "counts; also BERTH_HUB_PIN")
      ->type_name("sha256/PIN");
}

Result<std::string> HubAccess::FindHub(const Environment& environment) const {
  std::string named = hub;
  std::string_view place = "--hub";
  if (named.empty()) {
    named = environment("BERTH_HUB").value_or("");
    place = "BERTH_HUB";
  }
  if (!named.empty()) {
    auto url = NormalizeHubUrl(named);
    if (!url) return Wrap(std::move(url).error(), place);
    return url;
  }
  auto known = Remembered(environment);
  if (!known) return std::move(known).error();
  if (!known->current.empty()) return known->current;
  return Invalid("which hub? run `berth login --hub URL` once, or give --hub or BERTH_HUB");
}

Result<net::TlsClient::Options> HubAccess::FindTls(const Environment& environment) const {
  net::TlsClient::Options tls;
  const auto find = [&](const std::string& flag, const char* flag_name, const char* variable,
                        const Setter& set) -> Result<void> {
    const std::string text = flag.empty() ? environment(variable).value_or("") : flag;
    if (text.empty()) return Ok();
    auto done = set(text);
    if (!done) return Wrap(std::move(done).error(), flag.empty() ? variable : flag_name);
    return Ok();
  };
  auto authority =
      find(hub_ca, "--hub-ca", "BERTH_HUB_CA", Into(tls.authority_file, ParseAuthorityFile));
  if (!authority) return std::move(authority).error();
  auto pin = find(hub_pin, "--hub-pin", "BERTH_HUB_PIN", Into(tls.pinned_key, ParseHubPin));
  if (!pin) return std::move(pin).error();
  return tls;
}

Result<HubAccount> HubAccess::Find(const Environment& environment) const {
  auto url = FindHub(environment);
  if (!url) return std::move(url).error();
  auto tls = FindTls(environment);
  if (!tls) return std::move(tls).error();
  HubAccount account{.url = std::move(*url), .tls = std::move(*tls)};
  if (!token_file.empty()) {
    auto token = ApiTokenFromFile(token_file);
    if (!token) return Wrap(std::move(token).error(), "--token-file");
    account.token = std::move(*token);
    return account;
  }
  if (const auto text = environment("BERTH_API_TOKEN"); text && !text->empty()) {
    auto token = terminal::ReadApiToken(*text);
    if (!token) return Wrap(std::move(token).error(), "BERTH_API_TOKEN");
    account.token = std::move(*token);
    return account;
  }
  auto known = Remembered(environment);
  if (!known) return std::move(known).error();
  const auto found = known->tokens.find(account.url);
  if (found == known->tokens.end()) {
    return Invalid(fmt::format(
        "no API token for {}: make one at {}/settings/tokens, then run: berth login --hub {}",
        account.url, account.url, account.url));
  }
  account.token = std::move(found->second);
  return account;
}

Result<std::filesystem::path> KnownHubsFile(const Environment& environment) {
  const std::string folder = environment("XDG_CONFIG_HOME").value_or("");
  if (!folder.empty()) return std::filesystem::path(folder) / "berth" / "hubs.toml";
  const std::string home = environment("HOME").value_or("");
  if (home.empty()) return Invalid("neither HOME nor XDG_CONFIG_HOME is set");
  return std::filesystem::path(home) / ".config" / "berth" / "hubs.toml";
}

Result<Secret> ApiTokenFromFile(const std::string& path) {
  // A pipe has no mode that matters.
  std::error_code absent;
  if (std::filesystem::is_regular_file(path, absent)) {
    auto text = ReadPrivateFile(path, kMaxTokenFile);
    if (!text) return std::move(text).error();
    return terminal::ReadApiToken(*text);
  }
  auto text = ReadSecretFile(path);
  if (!text) return text;
  return terminal::ReadApiToken(text->Reveal());
}

int RunWithHub(std::string_view name, HubAccount account, const HubWork& work, int interrupted) {
  const Limits limits;
  net::Loop loop;
  auto hub = terminal::HubClient::Create(loop, limits, std::move(account.url),
                                         std::move(account.tls), std::move(account.token));
  if (!hub) return Complain(name, hub.error(), kMisused);
  int status = 0;
  {
    Job running(loop, "work", Work(loop, **hub, work, status));
    Job stopping(loop, "stop", StopOnSignal(loop, interrupted, status));
    loop.Run();
  }
  return status;
}

}  // namespace berth::cli
