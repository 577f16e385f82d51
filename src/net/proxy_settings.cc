#include "net/proxy_settings.h"

#include <arpa/inet.h>

#include <cstdlib>

#include "base/encoding.h"
#include "base/number.h"
#include "base/text.h"

namespace berth::net {
namespace {

/// The bytes of an IP address, 4 or 16; empty for names. IPv4 inside IPv6 counts as IPv4.
std::string AddressBytes(std::string_view host) {
  const std::string text(host);
  std::string bytes(4, '\0');
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return bytes;
  bytes.assign(16, '\0');
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return {};
  constexpr std::string_view kMapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
  return bytes.starts_with(kMapped) ? bytes.substr(12) : bytes;
}

bool SharePrefix(std::string_view a, std::string_view b, unsigned bits) {
  const std::size_t whole = bits / 8;
  if (a.size() != b.size() || a.substr(0, whole) != b.substr(0, whole)) return false;
  const unsigned rest = bits % 8;
  if (rest == 0) return true;
  const unsigned mask = 0xffu << (8 - rest);
  return ((static_cast<unsigned char>(a[whole]) ^ static_cast<unsigned char>(b[whole])) & mask) ==
         0;
}

}  // namespace

Result<Proxy> Proxy::Parse(std::string_view url) {
  Proxy proxy;
  std::uint16_t default_port = 80;
  if (const std::size_t colon = url.find("://"); colon != std::string_view::npos) {
    const std::string scheme = ToLower(url.substr(0, colon));
    if (scheme == "socks5" || scheme == "socks5h") {
      proxy.kind = scheme == "socks5" ? Kind::kSocks5 : Kind::kSocks5Names;
      default_port = 1080;
    } else if (scheme != "http") {
      return Invalid("proxy URL: only http://, socks5:// and socks5h:// are supported");
    }
    url.remove_prefix(colon + 3);
  }
  if (const std::size_t at = url.rfind('@'); at != std::string_view::npos) {
    const std::string_view credentials = url.substr(0, at);
    const std::size_t colon = credentials.find(':');
    proxy.user = PercentDecode(credentials.substr(0, colon));
    if (colon != std::string_view::npos) {
      proxy.password = Secret(PercentDecode(credentials.substr(colon + 1)));
    }
    url.remove_prefix(at + 1);
  }
  if (url.ends_with('/')) url.remove_suffix(1);
  auto address = ParseHostPort(url, default_port);
  if (!address) return Wrap(std::move(address).error(), "proxy URL");
  if (address->host.empty() || address->port == 0) {
    return Invalid("proxy URL: the host is missing");
  }
  // Both protocols carry at most 255 bytes of each.
  if (proxy.user.size() > 255 || proxy.password.Reveal().size() > 255) {
    return Invalid("proxy URL: the credentials are too long");
  }
  proxy.address = *std::move(address);
  return proxy;
}

NoProxyRules NoProxyRules::Parse(std::string_view text) {
  NoProxyRules rules;
  while (!text.empty()) {
    const std::size_t end = text.find_first_of(", \t");
    std::string_view entry = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (entry.empty()) continue;
    Rule rule;
    if (const std::size_t slash = entry.find('/'); slash != std::string_view::npos) {
      const auto bits = ParseNumber<std::size_t>(entry.substr(slash + 1));
      rule.network = AddressBytes(entry.substr(0, slash));
      if (!bits || rule.network.empty() || *bits > rule.network.size() * 8) continue;
      rule.prefix_bits = *bits;
      rules.rules_.push_back(std::move(rule));
      continue;
    }
    if (entry == "*") {
      rule.host = "*";
      rules.rules_.push_back(std::move(rule));
      continue;
    }
    if (entry.starts_with("*.")) entry.remove_prefix(1);
    if (entry.starts_with('.')) {
      rule.is_below_only = true;
      entry.remove_prefix(1);
    }
    auto address = ParseHostPort(entry, std::uint16_t{0});
    if (!address || address->host.empty()) continue;
    rule.host = ToLower(address->host);
    if (address->port != 0) rule.port = address->port;
    rules.rules_.push_back(std::move(rule));
  }
  return rules;
}

bool NoProxyRules::Matches(const HostPort& target) const {
  std::string host = ToLower(target.host);
  if (host.ends_with('.')) host.pop_back();
  const std::string bytes = AddressBytes(host);
  for (const Rule& rule : rules_) {
    if (rule.host == "*") return true;
    if (rule.port && *rule.port != target.port) continue;
    if (!rule.network.empty()) {
      if (!bytes.empty() && SharePrefix(bytes, rule.network, rule.prefix_bits)) return true;
      continue;
    }
    if (!bytes.empty()) {
      if (AddressBytes(rule.host) == bytes) return true;
      continue;
    }
    if (!rule.is_below_only && host == rule.host) return true;
    if (host.size() > rule.host.size() && host.ends_with(rule.host) &&
        host[host.size() - rule.host.size() - 1] == '.') {
      return true;
    }
  }
  return false;
}

Result<ProxySettings> ProxySettings::FromEnvironment(const Environment& environment) {
  const auto get = [&environment](const char* name) -> std::string_view {
    const char* const value = environment ? environment(name) : std::getenv(name);
    return value == nullptr ? "" : value;
  };
  // `name` is upper case; reads it in both spellings.
  const auto read = [&get](const std::string& name) -> std::pair<std::string, std::string_view> {
    const std::string lower = ToLower(name);
    const std::string_view value = get(lower.c_str());
    if (!value.empty()) return {lower, value};
    return {name, get(name.c_str())};
  };
  ProxySettings settings;
  const std::pair<const char*, std::optional<Proxy>*> places[] = {
      {"HTTPS_PROXY", &settings.for_tls}, {"HTTP_PROXY", &settings.for_plain}};
  for (const auto& [variable, place] : places) {
    auto [name, value] = read(variable);
    if (value.empty()) std::tie(name, value) = read("ALL_PROXY");
    if (value.empty()) continue;
    auto proxy = Proxy::Parse(value);
    if (!proxy) return Wrap(std::move(proxy).error(), name);
    *place = *std::move(proxy);
  }
  settings.direct = NoProxyRules::Parse(read("NO_PROXY").second);
  return settings;
}

const Proxy* ProxySettings::Find(const HostPort& target, Security security) const {
  const std::optional<Proxy>& proxy = security == Security::kTls ? for_tls : for_plain;
  if (!proxy || IsLoopbackHost(target.host)) return nullptr;
  return direct.Matches(target) ? nullptr : &*proxy;
}

}  // namespace berth::net
