#include "hub/hosts.h"

#include <algorithm>

#include "base/text.h"
#include "http/fields.h"
#include "http/grammar.h"
#include "net/address.h"
#include "net/url.h"

namespace berth::hub {
namespace {

struct HostAndPort {
  std::string host;
  std::uint16_t port = 0;  ///< 0: none given.
};

/// One host has one form: lower case, and no dot at its end. kInvalid: nothing is left of it.
Result<std::string> PlainHost(std::string_view written) {
  std::string host = ToLower(written);
  if (host.ends_with('.')) host.pop_back();
  if (host.empty()) return Invalid("empty host");
  if (host.ends_with('.')) return Invalid("host with an empty label");
  return host;
}

Result<HostAndPort> Split(std::string_view authority) {
  HostAndPort split;
  std::size_t end = authority.find(':');
  const bool is_ipv6 = authority.starts_with('[');
  if (is_ipv6) {
    const std::size_t bracket = authority.find(']');
    if (bracket == std::string_view::npos) return Invalid("address without ']'");
    end = bracket + 1;
    if (end < authority.size() && authority[end] != ':') return Invalid("no ':' after the ']'");
  }
  if (is_ipv6) {
    split.host = ToLower(authority.substr(1, end - 2));
    if (!net::IsIpAddress(split.host) || !split.host.contains(':')) {
      return Invalid("no IPv6 address in the brackets");
    }
  } else {
    auto host = PlainHost(authority.substr(0, end));
    if (!host) return std::move(host).error();
    split.host = *std::move(host);
  }
  if (end >= authority.size()) return split;
  split.port = net::ParsePort(authority.substr(end + 1)).value_or(0);
  if (split.port == 0) return Invalid("port is not a number from 1 to 65535");
  return split;
}

}  // namespace

std::string Origin::authority() const {
  if (port != net::DefaultPort(scheme)) return net::HostPort{host, port}.ToString();
  return host.contains(':') ? '[' + host + ']' : host;
}

std::string Origin::ToString() const { return scheme + "://" + authority(); }

Result<Origin> ParseOrigin(std::string_view text) {
  auto url = net::SplitUrl(text);
  if (!url) return std::move(url).error();
  if (url->scheme != "http" && url->scheme != "https") {
    return Invalid("URL scheme must be http or https");
  }
  if (!url->target.empty() && url->target != "/") {
    return Invalid("URL must be scheme, host and port only");
  }
  auto host = PlainHost(url->place.host);
  if (!host) return Wrap(std::move(host).error(), "URL");
  return Origin{std::move(url->scheme), *std::move(host), url->place.port};
}

bool IsInstanceLabel(std::string_view id) { return IsHostLabel(id); }

Result<Hosts> Hosts::Create(Origin public_origin, std::string_view apps_domain, bool is_loopback) {
  Hosts hosts;
  hosts.own_hosts_.push_back(public_origin.host);
  if (is_loopback) {
    for (const char* name : {"localhost", "127.0.0.1", "::1"}) hosts.own_hosts_.emplace_back(name);
  }
  if (!apps_domain.empty()) {
    if (!http::IsAuthority(apps_domain)) return Invalid("apps domain: not a valid host and port");
    auto split = Split(apps_domain);
    if (!split) return Wrap(std::move(split).error(), "apps domain");
    hosts.apps_host_ = std::move(split->host);
    hosts.apps_port_ = split->port != 0 ? split->port : public_origin.port;
  }
  hosts.public_origin_ = std::move(public_origin);
  if (hosts.has_subdomains() && !ParseOrigin(hosts.InstanceOrigin("any"))) {
    return Invalid("apps domain: no name that names could stand before");
  }
  return hosts;
}

HostMatch Hosts::Match(std::string_view authority) const {
  auto split = Split(authority);
  if (!split) return {};
  const std::uint16_t port =
      split->port != 0 ? split->port : net::DefaultPort(public_origin_.scheme);
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
  const std::uint16_t port =
      split->port != 0 ? split->port : net::DefaultPort(public_origin_.scheme);
  return Origin{public_origin_.scheme, std::move(split->host), port}.ToString();
}

bool Hosts::IsTrustworthy(std::string_view authority) const {
  if (public_origin_.scheme == "https") return true;
  const auto split = net::ParseHostPort(authority, public_origin_.port);
  return split && net::IsLoopbackHost(split->host);
}

}  // namespace berth::hub
