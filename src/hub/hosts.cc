#include "hub/hosts.h"

#include <algorithm>

#include "base/text.h"
#include "http/fields.h"
#include "http/grammar.h"
#include "net/address.h"

namespace berth::hub {
namespace {

std::uint16_t DefaultPort(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

struct HostAndPort {
  std::string host;
  std::uint16_t port = 0;  ///< 0: none given.
};

Result<HostAndPort> Split(std::string_view authority) {
  HostAndPort split;
  std::size_t colon = authority.rfind(':');
  if (!authority.empty() && authority.front() == '[') {
    const std::size_t bracket = authority.find(']');
    if (bracket == std::string_view::npos) return Invalid("address without ']'");
    if (colon < bracket) colon = std::string_view::npos;
  }
  split.host = ToLower(authority.substr(0, std::min(colon, authority.size())));
  if (!split.host.empty() && split.host.back() == '.') split.host.pop_back();
  if (split.host.empty()) return Invalid("empty host");
  if (split.host.back() == '.') return Invalid("host with an empty label");
  if (colon == std::string_view::npos) return split;
  split.port = net::ParsePort(authority.substr(colon + 1)).value_or(0);
  if (split.port == 0) return Invalid("port is not a number from 1 to 65535");
  return split;
}

}  // namespace

std::string Origin::authority() const {
  if (port == DefaultPort(scheme)) return host;
  return host + ':' + std::to_string(port);
}

std::string Origin::ToString() const { return scheme + "://" + authority(); }

Result<Origin> ParseOrigin(std::string_view url) {
  Origin origin;
  const std::size_t mark = url.find("://");
  if (mark == std::string_view::npos) return Invalid("URL has no scheme: write https://host");
  origin.scheme = ToLower(url.substr(0, mark));
  if (origin.scheme != "http" && origin.scheme != "https") {
    return Invalid("URL scheme must be http or https");
  }
  std::string_view authority = url.substr(mark + 3);
  if (!authority.empty() && authority.back() == '/') authority.remove_suffix(1);
  if (authority.find_first_of("/?#@ ") != std::string_view::npos) {
    return Invalid("URL must be scheme, host and port only");
  }
  if (!http::IsAuthority(authority)) return Invalid("URL has no valid host and port");
  auto split = Split(authority);
  if (!split) return Wrap(std::move(split).error(), "URL");
  origin.host = std::move(split->host);
  origin.port = split->port != 0 ? split->port : DefaultPort(origin.scheme);
  return origin;
}

bool IsInstanceLabel(std::string_view id) { return IsHostLabel(id); }

Result<Hosts> Hosts::Create(Origin public_origin, std::string_view apps_domain, bool is_loopback) {
  Hosts hosts;
  hosts.own_hosts_.push_back(public_origin.host);
  if (is_loopback) {
    for (const char* name : {"localhost", "127.0.0.1", "[::1]"})
      hosts.own_hosts_.emplace_back(name);
  }
  if (!apps_domain.empty()) {
    if (!http::IsAuthority(apps_domain)) return Invalid("apps domain: not a valid host and port");
    auto split = Split(apps_domain);
    if (!split) return Wrap(std::move(split).error(), "apps domain");
    hosts.apps_host_ = std::move(split->host);
    hosts.apps_port_ = split->port != 0 ? split->port : public_origin.port;
  }
  hosts.public_origin_ = std::move(public_origin);
  return hosts;
}

HostMatch Hosts::Match(std::string_view authority) const {
  auto split = Split(authority);
  if (!split) return {};
  const std::uint16_t port = split->port != 0 ? split->port : DefaultPort(public_origin_.scheme);
  const std::string& host = split->host;
  if (port == public_origin_.port && std::ranges::find(own_hosts_, host) != own_hosts_.end()) {
    return {HostKind::kHub, {}};
  }
  if (has_subdomains() && port == apps_port_ && host.size() > apps_host_.size() + 1 &&
      host.ends_with(apps_host_) && host[host.size() - apps_host_.size() - 1] == '.') {
    std::string label = host.substr(0, host.size() - apps_host_.size() - 1);
    if (IsInstanceLabel(label)) return {HostKind::kInstance, std::move(label)};
  }
  return {};
}

Result<void> Hosts::CheckInstanceId(std::string_view id) const {
  if (!has_subdomains() || !IsInstanceLabel(id)) return Ok();
  const Origin origin{public_origin_.scheme, fmt::format("{}.{}", id, apps_host_), apps_port_};
  if (Match(origin.authority()).kind != HostKind::kHub) return Ok();
  return Invalid(
      fmt::format("that is the hub's own address, {}: choose another --id", origin.ToString()));
}

std::string Hosts::InstanceOrigin(std::string_view id) const {
  return Origin{public_origin_.scheme, fmt::format("{}.{}", id, apps_host_), apps_port_}.ToString();
}

std::string Hosts::OriginOf(std::string_view authority) const {
  auto split = Split(authority);
  if (!split) return {};
  const std::uint16_t port = split->port != 0 ? split->port : DefaultPort(public_origin_.scheme);
  return Origin{public_origin_.scheme, std::move(split->host), port}.ToString();
}

bool Hosts::IsTrustworthy(std::string_view authority) const {
  if (public_origin_.scheme == "https") return true;
  const auto split = net::ParseHostPort(authority, public_origin_.port);
  return split && net::IsLoopbackHost(split->host);
}

}  // namespace berth::hub
