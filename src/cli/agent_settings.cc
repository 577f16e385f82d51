// The options of `berth agent`.
#include <pwd.h>

#include <filesystem>
#include <tuple>
#include <utility>

#include "agent/enrolled_token.h"
#include "agent/hub_place.h"
#include "agent/token_source.h"
#include "base/number.h"
#include "cli/options.h"
#include "cli/setting_values.h"
#include "identity/github.h"

namespace berth::cli {
namespace {

Result<std::chrono::milliseconds> Interval(std::string_view text) {
  auto interval = ParseDuration(text);
  if (interval && *interval == std::chrono::milliseconds::zero()) {
    return Invalid("must be more than zero");
  }
  return interval;
}

Result<std::string> InstanceUrl(std::string_view text) {
  return NormalizeOrigin(text, "http://127.0.0.1:3001");
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
  if (IsHostLabel(text)) return std::string(text);
  return Invalid(fmt::format(
      "\"{}\" cannot be part of a host name: an id is 1 to 63 of a-z, 0-9 and '-'; how about "
      "\"{}\"?",
      ForLog(text), DefaultClientId(text)));
}

/// By name or number.
Result<uid_t> User(std::string_view text) {
  if (const auto number = ParseNumber<uid_t>(text)) return *number;
  if (const passwd* entry = ::getpwnam(std::string(text).c_str())) return entry->pw_uid;
  return Invalid(fmt::format("this machine has no user \"{}\"", ForLog(text)));
}

Result<Ed25519PublicKey> HubKey(std::string_view text) {
  auto key = Ed25519PublicKey::FromText(text);
  if (key) return key;
  return Invalid(
      fmt::format("\"{}\" is no key; it has 43 characters, as `berth key ls` shows it on the hub",
                  ForLog(text)));
}

/// Any other entry would let nobody in.
Setter AppendTeamsTo(std::vector<std::string>& teams) {
  return [&teams](std::string_view text) -> Result<void> {
    for (const std::string& team : SplitList(text)) {
      auto parsed = identity::ParseGitHubTeam(team);
      if (!parsed) return std::move(parsed).error();
    }
    return AppendEachTo(teams)(text);
  };
}

/// A switch; earlier configurations may say "auto", which was "on".
Result<bool> CreateUser(std::string_view text) {
  return text == "auto" ? Result<bool>(true) : ParseSwitch(text);
}

using Token = std::pair<Secret, agent::TokenSource>;

Result<Token> GivenToken(std::string_view text) {
  auto token = agent::ParseToken(text);
  if (!token) return std::move(token).error();
  return Token(std::move(*token), agent::TokenSource());
}

Result<Token> TokenFromFile(std::string_view path) {
  std::error_code absent;
  if (!std::filesystem::is_regular_file(path, absent)) {
    // A pipe has no mode that matters.
    auto text = ReadSecretFile(path);
    if (!text) return std::move(text).error();
    return GivenToken(text->Reveal());
  }
  auto token = agent::ReadTokenFile(path);
  if (!token) return Invalid(token.error().message);
  agent::TokenSource source{.kind = agent::TokenSource::Kind::kFile,
                            .file = std::filesystem::absolute(path, absent)};
  return Token(std::move(*token), std::move(source));
}

/// A setter for the token and where it came from, whichever source is the last.
Setter IntoToken(agent::AgentOptions& options, Result<Token> (*read)(std::string_view)) {
  return [&options, read](std::string_view text) -> Result<void> {
    auto token = read(text);
    if (!token) return std::move(token).error();
    std::tie(options.token, options.token_source) = *std::move(token);
    return Ok();
  };
}

}  // namespace

std::vector<Setting> AgentSettings(agent::AgentOptions& options) {
  using agent::AdapterChoice;
  return {
      {.name = "hub",
       .value_name = "URL",
       .help = "The hub",
       .set = Into(options.hub_url, NormalizeHubUrl),
       .variable = "ORCHESTRATOR_URL"},
      {.name = "token-file",
       .value_name = "FILE",
       .help = "Holds the agent's token (default: that of berth agent enroll); or give the "
               "token in ORCHESTRATOR_TOKEN",
       .set = IntoToken(options, TokenFromFile)},
      {.name = "token",
       .value_name = "TOKEN",
       .help = "",
       .set = IntoToken(options, GivenToken),
       .variable = "ORCHESTRATOR_TOKEN",
       .source = Source::kEnvironment},
      {.name = "id",
       .value_name = "ID",
       .help = "The instance's id, for ever (default: host name)",
       .set = Into(options.client_id, ClientId),
       .variable = "ORCHESTRATOR_CLIENT_ID"},
      {.name = "instance",
       .value_name = "URL",
       .help = "The instance's address (default: find it on this machine)",
       .set = Into(options.instance_url, InstanceUrl)},
      {.name = "instance-user",
       .value_name = "USER",
       .help = "Who runs the instance, where it is on this machine (default: who runs the agent)",
       .set = Into(options.instance_user, User)},
      {.name = "adapter",
       .value_name = "KIND",
       .help = "auto, claudecodeui or generic (default auto)",
       .set =
           Choice<AdapterChoice>(options.adapter, {{"auto", AdapterChoice::kAuto},
                                                   {"claudecodeui", AdapterChoice::kClaudeCodeUi},
                                                   {"generic", AdapterChoice::kGeneric}})},
      {.name = "protocol",
       .value_name = "tunnel|1",
       .help = "1: the hub speaks only version 1; the token is then in the URL (default tunnel)",
       .set = Choice<tunnel::Protocol>(options.protocol, {{"tunnel", tunnel::Protocol::kTunnel},
                                                          {"1", tunnel::Protocol::kVersion1}}),
       .variable = "ORCHESTRATOR_PROTOCOL"},
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
      {.name = "hub-key",
       .value_name = "KEY",
       .help = "The hub's key, as `berth key ls` shows it there (default: learnt at first contact)",
       .set = Into(options.hub_key, HubKey)},
      {.name = "hub-ca",
       .value_name = "FILE",
       .help = "PEM file of authorities or certificates to trust besides the system's",
       .set = Into(options.hub_tls.authority_file, ParseAuthorityFile)},
      {.name = "hub-pin",
       .value_name = "sha256/PIN",
       .help = "The public key that the hub's certificate must have; nothing else about it counts",
       .set = Into(options.hub_tls.pinned_key, ParseHubPin)},
      {.name = "identity-headers",
       .value_name = "on|off",
       .help = "Generic adapter: tell the instance who asks, in X-Orchestrator-* (default off)",
       .set = Into(options.identity_headers, ParseSwitch)},
      {.name = "create-user",
       .value_name = "on|off",
       .help = "Make the first account of an instance on this machine if it has none (default on)",
       .set = Into(options.create_user, CreateUser)},
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
       .set = AppendEachTo(options.allowed_orgs),
       .variable = "ORCHESTRATOR_GITHUB_ORG",
       .is_list = true,
       .source = Source::kEnvironmentAndFile},
      {.name = "github-team",
       .value_name = "ORG/TEAM",
       .help = "",
       .set = AppendTeamsTo(options.allowed_teams),
       .variable = "ORCHESTRATOR_GITHUB_TEAM",
       .is_list = true,
       .source = Source::kEnvironmentAndFile},
      {.name = "github-users",
       .value_name = "LOGIN",
       .help = "",
       .set = AppendEachTo(options.allowed_users),
       .variable = "ORCHESTRATOR_GITHUB_USERS",
       .is_list = true,
       .source = Source::kEnvironmentAndFile},
      {.name = "log-level",
       .value_name = "LEVEL",
       .help = "debug, info, warn or error (default info)",
       .set = Into(options.log_level, ParseLogLevel)},
  };
}

std::vector<Setting> AgentEnrolSettings(agent::AgentOptions& options) {
  auto rows = AgentSettings(options);
  KeepFlags(rows, {"hub", "id", "hub-ca", "hub-pin"});
  for (Setting& row : rows) {
    // The token that there is may be why somebody enrols anew.
    if (row.name.starts_with("token")) row.set = [](std::string_view) { return Ok(); };
  }
  return rows;
}

Result<void> FinishAgentOptions(agent::AgentOptions& options, std::string_view host_name,
                                const std::filesystem::path& state) {
  if (options.hub_url.empty()) {
    return Invalid("which hub? give --hub URL or set ORCHESTRATOR_URL");
  }
  const bool is_default_id = options.client_id.empty();
  if (is_default_id) options.client_id = DefaultClientId(host_name);
  if (!options.token.empty()) return Ok();
  // What follows tells the user to go there.
  auto place = agent::HubPlace::Parse(options.hub_url);
  if (!place) return std::move(place).error();
  auto enrolled = agent::FindEnrolledToken(
      {.state = state, .hub_url = options.hub_url, .client_id = options.client_id}, is_default_id);
  if (!enrolled && enrolled.error().kind == ErrorKind::kNotFound) {
    return Invalid(fmt::format(
        "no token: get one with `berth agent enroll{}`, or give --token-file FILE or set "
        "ORCHESTRATOR_TOKEN",
        agent::HubFlags(options.hub_url, is_default_id ? "" : options.client_id, options.hub_tls)));
  }
  if (!enrolled) return std::move(enrolled).error();
  options.client_id = std::move(enrolled->client_id);
  options.token = std::move(enrolled->token);
  options.token_source = {
      .kind = agent::TokenSource::Kind::kEnrolled,
      .file = agent::EnrolledTokenFile(
          {.state = state, .hub_url = options.hub_url, .client_id = options.client_id})};
  return Ok();
}

Result<bool> IsAgentWanted(const Environment& environment) {
  const std::string mode = environment("ORCHESTRATOR_MODE").value_or("");
  if (mode.empty() || mode == "client") return true;
  if (mode == "standalone") return false;
  return Invalid(
      fmt::format("ORCHESTRATOR_MODE: \"{}\" is neither client nor standalone", ForLog(mode)));
}

Result<std::string> NormalizeHubUrl(std::string_view text) {
  auto url = ParseUrl(text, kHubExample);
  if (!url) return std::move(url).error();
  if (url->scheme == "ws") url->scheme = "http";
  if (url->scheme == "wss") url->scheme = "https";
  if (url->scheme != "http" && url->scheme != "https") {
    return Invalid(fmt::format("\"{}\" is not of http, https, ws or wss", ForLog(text)));
  }
  constexpr std::string_view kEndpoint = "/ws/connect";
  // A hub of version 1 may be below a path; any other comes from a browser's address bar.
  if (!url->target.empty() && !url->target.ends_with(kEndpoint)) {
    return Invalid(fmt::format(
        "\"{}\" has a path; only scheme, host and port can be given, or, for a hub below "
        "a path, its address up to /ws/connect",
        ForLog(text)));
  }
  if (!url->target.empty()) url->target.resize(url->target.size() - kEndpoint.size());
  return fmt::format("{}://{}{}", url->scheme, url->authority, url->target);
}

std::string DefaultClientId(std::string_view host_name) {
  std::string id;
  for (char c : ToLower(host_name.substr(0, host_name.find('.')))) {
    if (!IsLabelCharacter(c)) c = '-';
    if (c == '-' && (id.empty() || id.back() == '-')) continue;
    if (id.size() < 63) id.push_back(c);
  }
  while (id.ends_with('-')) id.pop_back();
  return id.empty() ? "instance" : id;
}

}  // namespace berth::cli
