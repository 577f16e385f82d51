// What `berth agent` was told to do: flags, environment and file, already merged and checked one by
// one. cli/ fills it in.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/token_source.h"
#include "base/ed25519.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/secret.h"
#include "net/tls.h"
#include "tunnel/link.h"

namespace berth::agent {

/// Which kind of instance this is.
enum class AdapterChoice {
  kAuto,          ///< Find out.
  kClaudeCodeUi,  ///< claudecodeui: signs in, reads its status.
  kGeneric,       ///< Any web server: requests pass as they are.
};

struct AgentOptions {
  /// "http://" or "https://", host, optional port and path, without a trailing slash. The tunnel is
  /// at hub_url + "/ws/connect".
  std::string hub_url;
  net::TlsClient::Options hub_tls;  ///< What its certificate is verified against.
  Secret token;                     ///< ao_<id>_<secret>, or an older hub's token; never empty.
  TokenSource token_source;         ///< Where it came from.
  /// What the hub is spoken to in; version 1 only on request, because it puts the token in the URL.
  tunnel::Protocol protocol = tunnel::Protocol::kTunnel;
  std::string client_id;     ///< 1 to 63 of a-z, 0-9 and '-', so that it can be a host name.
  std::string instance_url;  ///< "http://127.0.0.1:3001", without a trailing slash; empty: find it.
  /// Who runs the instance, where it is on this machine; nothing: as OwnerRule says.
  std::optional<uid_t> instance_user;
  AdapterChoice adapter = AdapterChoice::kAuto;
  std::vector<std::pair<std::string, std::string>> labels;  ///< Shown in the dashboard; in order.
  bool rewrite_javascript = false;  ///< Path mode: rewrite URLs in JavaScript text as well.
  /// Whether to make the instance's first account when it has none: of one on this machine alone.
  bool create_user = true;
  /// The instance's own command, started and kept running by the agent; empty: somebody else does.
  /// Do not hand it ORCHESTRATOR_* of this process's environment: it would dial the hub itself.
  std::vector<std::string> command;

  /// ORCHESTRATOR_RECONNECT_INTERVAL, ORCHESTRATOR_HEARTBEAT_INTERVAL; nothing: limits decide.
  std::optional<std::chrono::milliseconds> reconnect_interval;
  std::optional<std::chrono::milliseconds> heartbeat_interval;

  /// Who of GitHub may use this instance; all empty: whoever the hub lets in.
  std::vector<std::string> allowed_orgs;   ///< "org"
  std::vector<std::string> allowed_teams;  ///< "org/team"
  std::vector<std::string> allowed_users;  ///< Login names, or numeric ids.

  /// What the hub's key is known to be; nothing: what is pinned, or what the hub says at first.
  std::optional<Ed25519PublicKey> hub_key;
  bool identity_headers = false;       ///< Generic adapter: send X-Orchestrator-* to the instance.
  std::filesystem::path state_folder;  ///< What to remember between runs; empty: by client_id.

  LogLevel log_level = LogLevel::kInfo;
  Limits limits;
};

}  // namespace berth::agent
