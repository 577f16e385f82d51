// ProxySettings: which forward proxy, if any, leads to a place; from the usual environment
// variables or from a configuration file.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "net/address.h"

namespace berth::net {

enum class Security { kPlain, kTls };

/// A forward proxy.
struct Proxy {
  enum class Kind {
    kHttp,         ///< HTTP CONNECT.
    kSocks5,       ///< SOCKS5 (RFC 1928); names are looked up here.
    kSocks5Names,  ///< socks5h: the proxy looks names up.
  };
  Kind kind = Kind::kHttp;
  HostPort address;
  std::string user;  ///< "": no credentials.
  Secret password;

  /// Parses [http|socks5|socks5h]://[user[:password]@]host[:port][/]; http without a scheme; port
  /// 80 or 1080 without one. kInvalid; the message never holds the credentials.
  static Result<Proxy> Parse(std::string_view url);
};

/// Which places are reached directly, in the notation of NO_PROXY.
class NoProxyRules {
 public:
  /// Comma- or space-separated: "*"; "example.org" and what is below it; ".example.org", only what
  /// is below it; an IP address; a network "10.0.0.0/8"; each but the network may end in ":port".
  /// What is none of that matches nothing.
  static NoProxyRules Parse(std::string_view text);
  bool Matches(const HostPort& target) const;

 private:
  struct Rule {
    std::string host;  ///< Lower case, no leading dot; "*" for everything.
    bool is_below_only = false;
    std::optional<std::uint16_t> port;
    std::string network;  ///< The bytes of a network's address; else empty.
    unsigned prefix_bits = 0;
  };
  std::vector<Rule> rules_;
};

struct ProxySettings {
  std::optional<Proxy> for_tls;    ///< HTTPS_PROXY, else ALL_PROXY.
  std::optional<Proxy> for_plain;  ///< HTTP_PROXY, else ALL_PROXY.
  NoProxyRules direct;             ///< NO_PROXY.

  using Environment = std::function<const char*(const char* name)>;
  /// Reads the variables (the lower-case one wins over the upper-case one; an empty one counts as
  /// absent). kInvalid names the variable. `environment`: for tests, std::getenv otherwise.
  static Result<ProxySettings> FromEnvironment(const Environment& environment = {});

  /// The proxy to use; null: connect directly, as always to this machine. Valid as long as this
  /// object.
  const Proxy* Find(const HostPort& target, Security security) const;
};

}  // namespace berth::net
