#include "cli/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "net/address.h"

namespace berth::cli {
namespace {

using Setter = std::function<Result<void>(std::string_view)>;

/// A setter that stores what `parse(text)` gives.
template <class T, class Parse>
Setter Into(T& target, Parse parse) {
  return [&target, parse](std::string_view text) -> Result<void> {
    auto value = parse(text);
    if (!value) return std::move(value).error();
    target = *std::move(value);
    return Ok();
  };
}

Result<std::filesystem::path> Path(std::string_view text) {
  if (text.empty()) return Invalid("must not be empty");
  return std::filesystem::path(text);
}

Result<std::string> Listen(std::string_view text) {
  auto address = net::ParseHostPort(text);
  if (!address) return std::move(address).error();
  return std::string(text);
}

/// A host name, with a port where it is not the scheme's own.
Result<std::string> Domain(std::string_view text) {
  auto address = net::ParseHostPort(text, 0);
  if (!address) return std::move(address).error();
  if (address->host.empty() || net::IsIpAddress(address->host)) {
    return Invalid(fmt::format("\"{}\" is no domain; write apps.example.org", ForLog(text)));
  }
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return lower;
}

Result<std::chrono::milliseconds> Interval(std::string_view text) {
  auto interval = ParseDuration(text);
  if (interval && *interval == std::chrono::milliseconds::zero()) {
    return Invalid("must be more than zero");
  }
  return interval;
}

template <class E>
Setter Choice(E& target, std::vector<std::pair<std::string_view, E>> choices) {
  return [&target, choices = std::move(choices)](std::string_view text) -> Result<void> {
    std::vector<std::string_view> names;
    for (const auto& [name, value] : choices) {
      if (name == text) {
        target = value;
        return Ok();
      }
      names.push_back(name);
    }
    return Invalid(fmt::format("\"{}\" is not one of {}{}", ForLog(text), fmt::join(names, ", "),
                               DidYouMean(text, names)));
  };
}

Setter AppendTo(std::vector<std::string>& list) {
  return [&list](std::string_view text) -> Result<void> {
    // Several in one, with commas, as the environment has them.
    for (std::string& part : SplitList(text)) list.push_back(std::move(part));
    return Ok();
  };
}

Result<std::pair<std::string, std::string>> Label(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string_view::npos) {
    return Invalid(fmt::format("\"{}\" is no label; write KEY=VALUE", ForLog(text)));
  }
  return std::pair(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
}

bool IsLabelCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

Result<std::string> ClientId(std::string_view text) {
  const bool is_good = !text.empty() && text.size() <= 63 && text.front() != '-' &&
                       text.back() != '-' && std::ranges::all_of(text, IsLabelCharacter);
  if (is_good) return std::string(text);
  return Invalid(fmt::format(
      "\"{}\" cannot be part of a host name: an id is 1 to 63 of a-z, 0-9 and '-'; how about "
      "\"{}\"?",
      ForLog(text), DefaultClientId(text)));
}

Result<Secret> Token(std::string_view text) {
  // Older hubs may have tokens of another form; ours says what it thinks of this one.
  const bool is_plain = std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
  if (text.empty() || text.size() > 512 || !is_plain) {
    return Invalid("that is no token; a token looks like ao_0123456789abcdef_...");
  }
  return Secret(text);
}

Result<Secret> TokenFromFile(std::string_view path) {
  std::ifstream in{std::string(path), std::ios::binary};
  if (!in) return Invalid(fmt::format("cannot read {}", ForLog(path)));
  std::string text(4096, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return Invalid(fmt::format("{} is empty", ForLog(path)));
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  return Token(std::string_view(text).substr(first, last - first + 1));
}

struct Url {
  std::string scheme;
  std::string authority;
  std::string path;  ///< Without slashes at its end.
};

Result<Url> ParseUrl(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return Invalid(fmt::format("\"{}\" {}", ForLog(text), why));
  };
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return refuse("is no URL; write https://hub.example.org");
  Url url{.scheme = std::string(text.substr(0, colon)), .authority = "", .path = ""};
  std::string_view rest = text.substr(colon + 3);
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return refuse("has a query or a fragment; leave it out");
  }
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  url.authority = std::string(rest.substr(0, slash));
  std::ranges::transform(url.authority, url.authority.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  rest.remove_prefix(slash);
  while (rest.ends_with('/')) rest.remove_suffix(1);
  if (!std::ranges::all_of(rest, [](char c) { return c > 0x20 && c < 0x7f && c != '\\'; })) {
    return refuse("has a path that no URL can have");
  }
  url.path = std::string(rest);
  auto address = net::ParseHostPort(url.authority, 80);
  if (!address || address->host.empty()) return refuse("names no host");
  return url;
}

}  // namespace

std::vector<Setting> HubSettings(hub::HubOptions& options) {
  return {
      {.name = "listen",
       .value_name = "ADDR:PORT",
       .help = "Where to listen (default 127.0.0.1:8787)",
       .set = Into(options.listen, Listen)},
      {.name = "public-url",
       .value_name = "URL",
       .help = "Where browsers and agents reach the hub (default: the listening address)",
       .set = Into(options.public_url, NormalizeOrigin)},
      {.name = "apps-domain",
       .value_name = "DOMAIN",
       .help = "Instances get their own origin, ID.DOMAIN (default on loopback: localhost)",
       .set = Into(options.apps_domain, Domain)},
      {.name = "data",
       .value_name = "DIR",
       .help = "The hub's data (default $XDG_STATE_HOME/berth or ~/.local/state/berth)",
       .set = Into(options.data, Path)},
      {.name = "tls-cert",
       .value_name = "FILE",
       .help = "Certificate chain (PEM); read again on SIGHUP",
       .set = Into(options.tls_cert, Path)},
      {.name = "tls-key",
       .value_name = "FILE",
       .help = "Private key of the certificate (PEM)",
       .set = Into(options.tls_key, Path)},
      {.name = "path-mode",
       .value_name = "on|off",
       .help = "Serve instances at /clients/ID/proxy/ as well; for trusted ones (default on)",
       .set = Into(options.path_mode, ParseSwitch)},
      {.name = "log-level",
       .value_name = "LEVEL",
       .help = "debug, info, warn or error (default info)",
       .set = Into(options.log_level, ParseLogLevel)},
  };
}

std::vector<Setting> HubDataSettings(hub::HubOptions& options) {
  auto rows = HubSettings(options);
  for (Setting& row : rows) {
    if (row.name != "data") row.source = Source::kEnvironmentAndFile;
  }
  return rows;
}

std::vector<Setting> AgentSettings(agent::AgentOptions& options) {
  using agent::AdapterChoice;
  using agent::CreateUser;
  return {
      {.name = "hub",
       .value_name = "URL",
       .help = "The hub; also ORCHESTRATOR_URL",
       .set = Into(options.hub_url, NormalizeHubUrl),
       .variable = "ORCHESTRATOR_URL"},
      {.name = "token-file",
       .value_name = "FILE",
       .help = "Holds the agent's token; or give the token in ORCHESTRATOR_TOKEN",
       .set = Into(options.token, TokenFromFile)},
      {.name = "token",
       .value_name = "TOKEN",
       .help = "",
       .set = Into(options.token, Token),
       .variable = "ORCHESTRATOR_TOKEN",
       .source = Source::kEnvironment},
      {.name = "id",
       .value_name = "ID",
       .help = "The instance's id, for ever; also ORCHESTRATOR_CLIENT_ID (default: host name)",
       .set = Into(options.client_id, ClientId),
       .variable = "ORCHESTRATOR_CLIENT_ID"},
      {.name = "instance",
       .value_name = "URL",
       .help = "The instance's address (default: find it on this machine)",
       .set = Into(options.instance_url, NormalizeOrigin)},
      {.name = "adapter",
       .value_name = "KIND",
       .help = "auto, claudecodeui or generic (default auto)",
       .set =
           Choice<AdapterChoice>(options.adapter, {{"auto", AdapterChoice::kAuto},
                                                   {"claudecodeui", AdapterChoice::kClaudeCodeUi},
                                                   {"generic", AdapterChoice::kGeneric}})},
      {.name = "label",
       .value_name = "KEY=VALUE",
       .help = "Shown in the dashboard; may be repeated",
       .set = [&options](std::string_view text) -> Result<void> {
         auto label = Label(text);
         if (!label) return std::move(label).error();
         options.labels.push_back(*std::move(label));
         return Ok();
       },
       .is_list = true},
      {.name = "rewrite-javascript",
       .value_name = "on|off",
       .help = "Path mode: rewrite addresses in JavaScript text too (default off)",
       .set = Into(options.rewrite_javascript, ParseSwitch)},
      {.name = "create-user",
       .value_name = "auto|on|off",
       .help = "Whether to make the instance's first account if it has none (default auto)",
       .set = Choice<CreateUser>(
           options.create_user,
           {{"auto", CreateUser::kAuto}, {"on", CreateUser::kOn}, {"off", CreateUser::kOff}})},
      {.name = "reconnect-interval",
       .value_name = "TIME",
       .help = "",
       .set = Into(options.reconnect_interval, Interval),
       .variable = "ORCHESTRATOR_RECONNECT_INTERVAL",
       .source = Source::kEnvironmentAndFile},
      {.name = "heartbeat-interval",
       .value_name = "TIME",
       .help = "",
       .set = Into(options.heartbeat_interval, Interval),
       .variable = "ORCHESTRATOR_HEARTBEAT_INTERVAL",
       .source = Source::kEnvironmentAndFile},
      {.name = "github-org",
       .value_name = "ORG",
       .help = "",
       .set = AppendTo(options.allowed_orgs),
       .variable = "ORCHESTRATOR_GITHUB_ORG",
       .is_list = true,
       .source = Source::kEnvironmentAndFile},
      {.name = "github-team",
       .value_name = "ORG/TEAM",
       .help = "",
       .set = AppendTo(options.allowed_teams),
       .variable = "ORCHESTRATOR_GITHUB_TEAM",
       .is_list = true,
       .source = Source::kEnvironmentAndFile},
      {.name = "github-users",
       .value_name = "LOGIN",
       .help = "",
       .set = AppendTo(options.allowed_users),
       .variable = "ORCHESTRATOR_GITHUB_USERS",
       .is_list = true,
       .source = Source::kEnvironmentAndFile},
      {.name = "log-level",
       .value_name = "LEVEL",
       .help = "debug, info, warn or error (default info)",
       .set = Into(options.log_level, ParseLogLevel)},
  };
}

Result<void> FinishHubOptions(hub::HubOptions& options, const Environment& environment) {
  if (options.data.empty()) {
    auto folder = DefaultDataFolder(environment);
    if (!folder) return std::move(folder).error();
    options.data = *std::move(folder);
  }
  if (options.tls_cert.empty() != options.tls_key.empty()) {
    return Invalid("tls-cert and tls-key belong together: give both or neither");
  }
  return Ok();
}

Result<void> FinishAgentOptions(agent::AgentOptions& options, std::string_view host_name) {
  if (options.hub_url.empty()) {
    return Invalid("which hub? give --hub URL or set ORCHESTRATOR_URL");
  }
  if (options.token.empty()) {
    return Invalid(
        "no token: make one on the hub (berth token create), then give --token-file FILE or set "
        "ORCHESTRATOR_TOKEN");
  }
  if (options.client_id.empty()) options.client_id = DefaultClientId(host_name);
  return Ok();
}

Result<bool> IsAgentWanted(const Environment& environment) {
  const std::string mode = environment("ORCHESTRATOR_MODE").value_or("");
  if (mode.empty() || mode == "client") return true;
  if (mode == "standalone") return false;
  return Invalid(
      fmt::format("ORCHESTRATOR_MODE: \"{}\" is neither client nor standalone", ForLog(mode)));
}

Result<std::filesystem::path> DefaultDataFolder(const Environment& environment) {
  const std::filesystem::path state = environment("XDG_STATE_HOME").value_or("");
  if (state.is_absolute()) return state / "berth";
  const std::filesystem::path home = environment("HOME").value_or("");
  if (home.is_absolute()) return home / ".local" / "state" / "berth";
  return Invalid("where to keep the data? give --data DIR (HOME is not set)");
}

Result<std::string> NormalizeHubUrl(std::string_view text) {
  auto url = ParseUrl(text);
  if (!url) return std::move(url).error();
  if (url->scheme == "ws") url->scheme = "http";
  if (url->scheme == "wss") url->scheme = "https";
  if (url->scheme != "http" && url->scheme != "https") {
    return Invalid(fmt::format("\"{}\" is not of http, https, ws or wss", ForLog(text)));
  }
  constexpr std::string_view kEndpoint = "/ws/connect";
  if (url->path.ends_with(kEndpoint)) url->path.resize(url->path.size() - kEndpoint.size());
  return fmt::format("{}://{}{}", url->scheme, url->authority, url->path);
}

Result<std::string> NormalizeOrigin(std::string_view text) {
  auto url = ParseUrl(text);
  if (!url) return std::move(url).error();
  if (url->scheme != "http" && url->scheme != "https") {
    return Invalid(fmt::format("\"{}\" is neither http nor https", ForLog(text)));
  }
  if (!url->path.empty()) {
    return Invalid(
        fmt::format("\"{}\" has a path; only scheme, host and port can be given", ForLog(text)));
  }
  return fmt::format("{}://{}", url->scheme, url->authority);
}

std::string DefaultClientId(std::string_view host_name) {
  std::string id;
  for (char c : host_name.substr(0, host_name.find('.'))) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    if (!IsLabelCharacter(c)) c = '-';
    if (c == '-' && (id.empty() || id.back() == '-')) continue;
    if (id.size() < 63) id.push_back(c);
  }
  while (id.ends_with('-')) id.pop_back();
  return id.empty() ? "instance" : id;
}

}  // namespace berth::cli
