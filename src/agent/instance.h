// Which instance an agent publishes: where to dial it, and what is known about its process.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/error.h"

namespace berth::agent {

struct InstanceInfo {
  std::string host{};                ///< What to dial: an address or a name, IPv6 without brackets.
  std::uint16_t port = 0;            ///< 0: not found yet.
  bool is_tls = false;               ///< https.
  pid_t pid = 0;                     ///< Its process on this machine; 0 if unknown.
  std::filesystem::path app_root{};  ///< The folder of its package; may be empty.
  std::string install_mode{};        ///< As it says itself ("npm", "git"); may be empty.
  std::string version{};             ///< As it says itself; may be empty.

  bool is_found() const { return port != 0; }
  /// "http" or "https".
  std::string scheme() const { return is_tls ? "https" : "http"; }
  /// Host and port as in a Host field; the port is left out where it is the scheme's own.
  std::string authority() const;
  /// scheme://authority
  std::string origin() const { return scheme() + "://" + authority(); }
  /// Whether it is dialled over the loopback interface.
  bool is_loopback() const;
  bool operator==(const InstanceInfo&) const = default;
};

/// Whether an exchange failed so because the instance is away: nobody answers, or somebody else
/// would (instance_owner.h).
inline bool IsAway(const Error& error) {
  return error.kind == ErrorKind::kUnavailable || error.kind == ErrorKind::kForbidden;
}

}  // namespace berth::agent
