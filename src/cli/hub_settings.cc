// The options of `berth hub`.
#include <algorithm>
#include <ranges>

#include "base/number.h"
#include "cli/options.h"
#include "cli/setting_values.h"
#include "net/address.h"

namespace berth::cli {
namespace {

Result<std::string> Listen(std::string_view text) {
  auto address = net::ParseHostPort(text);
  if (!address) return std::move(address).error();
  return std::string(text);
}

Result<std::string> PublicUrl(std::string_view text) { return NormalizeOrigin(text, kHubExample); }

/// Whether there is one, and each label of it may stand in a host name.
bool IsHostName(std::string_view host) {
  const auto is_label = [](const auto& label) {
    return !label.empty() && *label.begin() != '-' && *std::ranges::rbegin(label) != '-';
  };
  return !host.empty() && std::ranges::all_of(host | std::views::split('.'), is_label);
}

/// A host name, with a port where it is not the scheme's own.
Result<std::string> Domain(std::string_view text) {
  if (text.starts_with("*.")) {
    return Invalid(fmt::format("\"{}\": leave out the *.", ForLog(text)));
  }
  auto address = net::ParseHostPort(text, 0);
  const auto host = net::ParseHostPort(text.substr(0, text.find(':')), 0);
  const bool is_url = text.contains('/');
  if (!address && host && !is_url) return std::move(address).error();  // It is the port.
  if (!address || !IsHostName(address->host) || net::IsIpAddress(address->host)) {
    return Invalid(fmt::format("\"{}\" is no domain; write apps.example.org", ForLog(text)));
  }
  return ToLower(text);
}

Result<std::size_t> Threads(std::string_view text) {
  const auto count = ParseNumber<std::size_t>(text);
  if (!count || *count < 1 || *count > hub::kMaxThreads) {
    return Invalid(
        fmt::format("\"{}\" is not a number from 1 to {}", ForLog(text), hub::kMaxThreads));
  }
  return *count;
}

Setter AddNetwork(std::vector<net::Network>& list) {
  return [&list](std::string_view text) -> Result<void> {
    for (const std::string& part : SplitList(text)) {
      auto network = net::Network::Parse(part);
      if (!network) return std::move(network).error();
      list.push_back(*network);
    }
    return Ok();
  };
}

}  // namespace

std::vector<Setting> HubSettings(hub::HubOptions& options) {
  std::vector<Setting> rows = {
      {.name = "listen",
       .value_name = "ADDR:PORT",
       .help = "Where to listen (default 127.0.0.1:8787)",
       .set = Into(options.listen, Listen)},
      {.name = "public-url",
       .value_name = "URL",
       .help = "Where browsers and agents reach the hub (default: the listening address)",
       .set = Into(options.public_url, PublicUrl)},
      {.name = "apps-domain",
       .value_name = "DOMAIN",
       .help = "Instances get their own origin, ID.DOMAIN (default on loopback: localhost)",
       .set = Into(options.apps_domain, Domain)},
      {.name = "data",
       .value_name = "DIR",
       .help = "The hub's data (default $XDG_STATE_HOME/berth or ~/.local/state/berth)",
       .set = Into(options.data, ParsePath)},
      {.name = "tls-cert",
       .value_name = "FILE",
       .help = "Certificate chain (PEM); read again on SIGHUP",
       .set = Into(options.tls_cert, ParsePath)},
      {.name = "tls-key",
       .value_name = "FILE",
       .help = "Private key of the certificate (PEM)",
       .set = Into(options.tls_key, ParsePath)},
      {.name = "threads",
       .value_name = "N",
       .help = "Event loops, 1 to 64: one decides, the others hold the connections (default 1)",
       .set = Into(options.threads, Threads)},
      {.name = "trusted-proxy",
       .value_name = "NETWORK",
       .help = "Proxies in front, as 10.0.0.0/8: their X-Forwarded-For and -Proto count (none)",
       .set = AddNetwork(options.trusted_proxies),
       .variable = "BERTH_TRUSTED_PROXIES",
       .is_list = true},
      {.name = "path-mode",
       .value_name = "on|off",
       .help = "Serve instances at /clients/ID/proxy/ as well; for trusted ones (default on)",
       .set = Into(options.path_mode, ParseSwitch)},
      {.name = "version-1",
       .value_name = "on|off",
       .help = "Let version-1 instances connect, with their token in the URL (default on)",
       .set = Into(options.version_1, ParseSwitch)},
      {.name = "compress",
       .value_name = "auto|on|off",
       .help = "Compress text towards browsers; auto: not within this machine (default auto)",
       .set = Choice(options.compress, {{"auto", hub::CompressMode::kAuto},
                                        {"on", hub::CompressMode::kOn},
                                        {"off", hub::CompressMode::kOff}})},
      {.name = "notify-private-addresses",
       .value_name = "on|off",
       .help = "Let notifications go to private addresses (default: on if the hub is on loopback)",
       .set = Into(options.notify_private_addresses, ParseSwitch)},
      {.name = "log-level",
       .value_name = "LEVEL",
       .help = "debug, info, warn or error (default info)",
       .set = Into(options.log_level, ParseLogLevel)},
  };
  for (Setting& row : SignInSettings(options)) rows.push_back(std::move(row));
  return rows;
}

std::vector<Setting> HubDataSettings(hub::HubOptions& options) {
  auto rows = HubSettings(options);
  KeepFlags(rows, {"data"});
  return rows;
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
  // It speaks TLS alone then, whatever is in front of it.
  if (!options.tls_cert.empty() && options.public_url.starts_with("http://")) {
    return Invalid("with tls-cert the public-url begins with https://");
  }
  return CheckSignIn(options.sign_in);
}

Result<std::filesystem::path> DefaultDataFolder(const Environment& environment) {
  const std::filesystem::path state = environment("XDG_STATE_HOME").value_or("");
  if (state.is_absolute()) return state / "berth";
  const std::filesystem::path home = environment("HOME").value_or("");
  if (home.is_absolute()) return home / ".local" / "state" / "berth";
  return Invalid("where to keep the data? give --data DIR (HOME is not set)");
}

}  // namespace berth::cli
