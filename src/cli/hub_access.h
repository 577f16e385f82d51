// Which hub a command asks, and with which API token: flags, environment, or what `berth login`
// remembered.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "cli/settings.h"
#include "net/tls.h"
#include "terminal/hub_client.h"

namespace berth::cli {

/// What Ctrl-C exits with, as shells have it.
inline constexpr int kInterrupted = 130;

/// One hub, and what to prove oneself with there.
struct HubAccount {
  std::string url;                   ///< As NormalizeHubUrl gives it.
  net::TlsClient::Options tls = {};  ///< What its certificate is verified against.
  Secret token = {};
};

/// The flags of every command that asks a hub.
struct HubAccess {
  std::string hub;         ///< --hub; else BERTH_HUB; else the one of the last `berth login`.
  std::string token_file;  ///< --token-file; else BERTH_API_TOKEN; else that of `berth login`.
  std::string hub_ca;      ///< --hub-ca; else BERTH_HUB_CA.
  std::string hub_pin;     ///< --hub-pin; else BERTH_HUB_PIN.

  /// This object must outlive the parsing.
  void AddFlags(CLI::App& command);
  /// --hub-ca and --hub-pin alone.
  void AddTlsFlags(CLI::App& command);

  /// kInvalid: no hub, no token, or one that is none; kForbidden: others could read it. Blocks.
  Result<HubAccount> Find(const Environment& environment) const;
  /// The hub alone.
  Result<std::string> FindHub(const Environment& environment) const;
  /// What to verify its certificate against.
  Result<net::TlsClient::Options> FindTls(const Environment& environment) const;
};

/// $XDG_CONFIG_HOME/berth/hubs.toml, or ~/.config/berth/hubs.toml. kInvalid: neither is known.
Result<std::filesystem::path> KnownHubsFile(const Environment& environment);

/// A token from a file that only its owner can read, or from a pipe.
Result<Secret> ApiTokenFromFile(const std::string& path);

/// What a command does with its hub: an exit status. Complains itself.
using HubWork = std::function<Task<int>(terminal::HubClient&)>;

/// Runs it on a loop of its own, until it is done or a signal ends it: then the status is
/// `interrupted`. `name` is the command's, for complaints.
int RunWithHub(std::string_view name, HubAccount account, const HubWork& work,
               int interrupted = kInterrupted);

}  // namespace berth::cli
