#include "agent/discovery.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include "agent/json_request.h"
#include "base/json.h"
#include "base/number.h"
#include "base/private_file.h"
#include "net/address.h"
#include "net/url.h"

namespace berth::agent {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::size_t kMaxFile = 64 * 1024;

bool IsHost(std::string_view host) {
  if (host.empty()) return false;
  return host.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:") == host.npos;
}

/// What to dial for the address a server listens at.
std::string Dialable(std::string_view host) {
  if (host.empty() || host == "0.0.0.0") return "127.0.0.1";
  if (host == "::" || host == "[::]") return "::1";
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return std::string(host);
}

/// The inodes of the sockets that listen on `port`, from /proc/net/tcp or tcp6.
void AddListeners(const fs::path& table, std::uint16_t port, std::set<std::string>& inodes) {
  std::ifstream file(table);
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream columns(line);
    std::string slot, local, remote, state, skip, inode;
    columns >> slot >> local >> remote >> state;
    for (int i = 0; i < 5; ++i) columns >> skip;
    columns >> inode;
    const std::size_t colon = local.rfind(':');
    if (state != "0A" || colon == local.npos) continue;
    if (std::strtoul(local.c_str() + colon + 1, nullptr, 16) == port) inodes.insert(inode);
  }
}

/// The process of ours that listens on `port`, or 0.
pid_t FindListener(const fs::path& proc, std::uint16_t port) {
  std::set<std::string> inodes;
  AddListeners(proc / "net/tcp", port, inodes);
  AddListeners(proc / "net/tcp6", port, inodes);
  if (inodes.empty()) return 0;
  std::error_code error;
  for (const auto& process : fs::directory_iterator(proc, error)) {
    const auto pid = ParseNumber<pid_t>(process.path().filename().native());
    if (!pid) continue;
    std::error_code denied;
    for (const auto& descriptor : fs::directory_iterator(process.path() / "fd", denied)) {
      std::error_code gone;
      const std::string target = fs::read_symlink(descriptor.path(), gone).string();
      if (!target.starts_with("socket:[") || !target.ends_with(']')) continue;
      if (inodes.contains(target.substr(8, target.size() - 9))) return *pid;
    }
  }
  return 0;
}

/// The package folder of a claudecodeui process, from the script that it was started with.
fs::path FindAppRoot(const fs::path& proc, pid_t pid) {
  const fs::path process = proc / std::to_string(pid);
  const std::string command = ReadSmallFile(process / "cmdline", kMaxFile).value_or("");
  std::error_code error;
  const fs::path folder = fs::read_symlink(process / "cwd", error);
  std::istringstream arguments(command);
  for (std::string argument; std::getline(arguments, argument, '\0');) {
    if (!argument.ends_with(".js") && !argument.ends_with("cloudcli")) continue;
    fs::path script = fs::canonical(folder / argument, error);
    if (error) continue;
    for (fs::path at = script.parent_path(); at.has_relative_path(); at = at.parent_path()) {
      if (at.filename() == "dist-server") return at.parent_path();
      if (at.filename() == "server" && at.parent_path().filename() != "dist-server") {
        return at.parent_path();
      }
    }
  }
  return {};
}

bool IsAlive(const fs::path& proc, pid_t pid) {
  std::error_code error;
  return fs::exists(proc / std::to_string(pid), error);
}

}  // namespace

std::string InstanceInfo::authority() const {
  const std::string name = host.find(':') == host.npos ? host : '[' + host + ']';
  if (port == (is_tls ? 443 : 80)) return name;
  return fmt::format("{}:{}", name, port);
}

bool InstanceInfo::is_loopback() const {
  return host == "localhost" || host == "::1" || host.ends_with(".localhost") ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos);
}

Result<InstanceInfo> ParseInstanceUrl(std::string_view text) {
  auto url = net::SplitUrl(text);
  if (!url) return Wrap(std::move(url).error(), "the instance's URL");
  if (url->scheme != "http" && url->scheme != "https") {
    return Invalid("the instance's URL must begin with http:// or https://");
  }
  if (!url->target.empty() && url->target != "/") {
    return Invalid("the instance's URL must be a host and a port only, as http://127.0.0.1:3001");
  }
  InstanceInfo info;
  info.is_tls = url->scheme == "https";
  info.host = Dialable(url->place.host);
  info.port = url->place.port;
  if (!IsHost(info.host)) return Invalid("the instance's URL has no valid host");
  return info;
}

Result<InstanceInfo> ReadLocalServer(const DiscoveryOptions& options) {
  const fs::path path = options.home / ".cloudcli" / "local-server.json";
  auto text = ReadSmallFile(path, kMaxFile);
  if (!text && text.error().kind == ErrorKind::kNotFound) {
    return NotFound(fmt::format("{} does not exist", path.string()));
  }
  if (!text) return std::move(text).error();
  const auto object = ParseJsonObject(*text);
  if (!object) return Invalid(fmt::format("{} is no JSON", path.string()));

  InstanceInfo info;
  info.host = Dialable(StringMember(*object, "host"));
  if (const auto port = IntegerMember(*object, "port"); !port) {
    info.port = net::ParsePort(StringMember(*object, "port")).value_or(0);
  } else if (*port > 0 && *port <= 65535) {
    info.port = static_cast<std::uint16_t>(*port);
  }
  if (info.port == 0 || !IsHost(info.host)) {
    return Invalid(fmt::format("{} names no host and port", path.string()));
  }
  if (const auto pid = IntegerMember(*object, "pid")) {
    info.pid = static_cast<pid_t>(*pid);
    if (info.pid <= 0 || !IsAlive(options.proc, info.pid)) {
      return Unavailable("the instance that was running here has ended");
    }
  }
  info.app_root = StringMember(*object, "appRoot");
  info.install_mode = StringMember(*object, "installMode");
  return info;
}

Result<InstanceInfo> FindInstance(const DiscoveryOptions& options) {
  if (options.url.empty()) return ReadLocalServer(options);
  auto info = ParseInstanceUrl(options.url);
  if (!info || !info->is_loopback()) return info;
  auto local = ReadLocalServer(options);
  if (local && local->port == info->port) {
    info->pid = local->pid;
    info->app_root = local->app_root;
    info->install_mode = local->install_mode;
    return info;
  }
  info->pid = FindListener(options.proc, info->port);
  if (info->pid != 0) info->app_root = FindAppRoot(options.proc, info->pid);
  return info;
}

Task<Result<InstanceHealth>> AskHealth(Executor& executor, http::Service& instance,
                                       InstanceInfo info) {
  InstanceHealth health;
  auto answer = co_await AskJson(executor, instance, info, {.target = "/health"});
  if (!HasAnswered(answer)) {
    co_return Wrap(std::move(answer).error(), "ask the instance what it is");
  }
  if (answer && answer->status == 200 && answer->value.is_object()) {
    const json::object& object = answer->value.get_object();
    health.install_mode = StringMember(object, "installMode");
    health.version = StringMember(object, "version");
    health.is_claudecodeui = !health.install_mode.empty();
    if (health.is_claudecodeui) co_return health;
  }
  // Early versions say less in /health.
  auto status = co_await AskJson(executor, instance, info, {.target = "/api/auth/status"});
  if (!HasAnswered(status)) {
    co_return Wrap(std::move(status).error(), "ask the instance what it is");
  }
  if (answer && status && IsFromProxy(*answer) && IsFromProxy(*status)) {
    co_return Unavailable("a proxy before the instance does not reach it");
  }
  if (status && status->status == 200 && status->value.is_object()) {
    const json::object& object = status->value.get_object();
    health.is_claudecodeui = object.contains("needsSetup") && object.contains("isAuthenticated");
  }
  co_return health;
}

}  // namespace berth::agent
