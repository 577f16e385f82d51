// Finding the instance: the URL that the operator gave, or the file in which a running claudecodeui
// says where it listens; and telling what kind of instance it is by asking it.
//
// The functions without a Task block shortly (files, /proc): call them on a Worker.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "agent/instance.h"
#include "base/executor.h"
#include "base/result.h"
#include "http/message.h"

namespace berth::agent {

struct DiscoveryOptions {
  std::string url;             ///< Given by the operator; empty: look for a local claudecodeui.
  std::filesystem::path home;  ///< Where .cloudcli/local-server.json is.
  std::filesystem::path proc = "/proc";
};

/// The instance at `url`: http or https, a host, a port or none, and no path, query or user.
Result<InstanceInfo> ParseInstanceUrl(std::string_view text);

/// What `home`/.cloudcli/local-server.json says. kNotFound: no such file. kUnavailable: the process
/// that wrote it is gone. kInvalid, kTooLarge: it makes no sense. A wildcard host becomes loopback.
Result<InstanceInfo> ReadLocalServer(const DiscoveryOptions& options);

/// The instance now, by URL or file; with a URL on this machine, the process that listens there and
/// its package folder are found too, where the system lets us see them.
Result<InstanceInfo> FindInstance(const DiscoveryOptions& options);

/// What an instance says of itself.
struct InstanceHealth {
  bool is_claudecodeui = false;
  std::string install_mode;
  std::string version;
  bool operator==(const InstanceHealth&) const = default;
};

/// Asks GET /health, and GET /api/auth/status where that leaves a doubt. Errors: the instance is
/// away. `instance` must outlive the call.
Task<Result<InstanceHealth>> AskHealth(Executor& executor, http::Service& instance,
                                       InstanceInfo info);

}  // namespace berth::agent
