// Hosts: what a request's authority means to this hub: the hub itself, an instance, or nothing.
//
// The first check that every request passes (security: unknown hosts get 421 before any handler),
// and the only place that knows how addresses are composed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace berth::hub {

enum class HostKind { kHub, kInstance, kUnknown };

struct HostMatch {
  HostKind kind = HostKind::kUnknown;
  std::string instance_id;  ///< For kInstance: the label in front of the apps domain.
};

/// An address as people type it: scheme, host in lower case, port (the scheme's default if none).
struct Origin {
  std::string scheme;
  std::string host;  ///< IPv6 addresses without brackets.
  std::uint16_t port = 0;

  /// "https://hub.example" or "http://localhost:8787": as browsers write Origin.
  std::string ToString() const;
  /// "hub.example", with the port unless it is the scheme's default.
  std::string authority() const;
};

/// Parses "http(s)://host[:port][/]". kInvalid names what is wrong.
Result<Origin> ParseOrigin(std::string_view text);

/// A valid name for an instance's address: one DNS label of a-z, 0-9 and '-', 1 to 63 bytes.
bool IsInstanceLabel(std::string_view id);

class Hosts {
 public:
  /// `public_origin`: where browsers find the hub. `apps_domain`: "apps.example[:port]", or "" for
  /// no subdomain mode; its port defaults to the hub's. On a loopback hub (`is_loopback`) the names
  /// localhost, 127.0.0.1 and [::1] with the hub's port are all the hub.
  static Result<Hosts> Create(Origin public_origin, std::string_view apps_domain, bool is_loopback);

  HostMatch Match(std::string_view authority) const;

  /// Whether an instance may have that id. kInvalid, in words for whoever chose it: what would be
  /// its address is the hub's own.
  Result<void> CheckInstanceId(std::string_view id) const;

  const Origin& public_origin() const { return public_origin_; }
  bool has_subdomains() const { return !apps_host_.empty(); }
  /// "https://ID.apps.example". REQUIRES: has_subdomains() and IsInstanceLabel(id).
  std::string InstanceOrigin(std::string_view id) const;
  /// The origin of our page at `authority`, which Match() accepted.
  std::string OriginOf(std::string_view authority) const;
  /// Whether browsers hold that origin for one that nobody can listen to or change on the way: with
  /// TLS, or on this machine. Only to such they say what a request is for (Fetch Metadata).
  bool IsTrustworthy(std::string_view authority) const;

 private:
  Origin public_origin_;
  std::string apps_host_;
  std::uint16_t apps_port_ = 0;
  std::vector<std::string> own_hosts_;
};

}  // namespace berth::hub
