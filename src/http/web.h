// Web: short questions to other web servers, asked by the hub: those of a sign-in, and
// notifications on their way to a webhook, ntfy or a browser's push service.
//
// The interface is what code asks through; tests answer in memory. DialingWeb is the real one: over
// verified TLS (plain HTTP only on loopback), through the proxy that the environment names, with a
// deadline for each question and a bound for each answer. Redirects are answers, never followed.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/limits.h"
#include "http/fields.h"
#include "http/h1_client.h"
#include "net/dial.h"
#include "net/loop.h"
#include "net/proxy_settings.h"
#include "net/tls.h"
#include "net/url.h"

namespace berth::http {

/// SplitUrl() for what may be asked: https, or http on this machine, and no fragment; the target is
/// at least "/". kInvalid: anything else.
Result<net::Url> ParseWebUrl(std::string_view text);

struct WebQuestion {
  std::string method = "GET";
  std::string url = {};
  Fields fields = {};
  std::string body = {};  ///< "": none.
};

struct WebAnswer {
  int status = 0;
  Fields fields = {};
  std::string body = {};
};

class Web {
 public:
  virtual ~Web() = default;
  /// One question, whole answer. kInvalid: the address, or a certificate that is not acceptable;
  /// kTooLarge: more than 1 MiB; kUnavailable, kTimeout.
  virtual Task<Result<WebAnswer>> Ask(WebQuestion question) = 0;
};

/// What a DialingWeb asks, and how long it waits.
struct WebRules {
  Duration timeout{};  ///< For each question, connecting included.
  net::AddressRule addresses = net::AddressRule::kAny;
};

class DialingWeb : public Web {
 public:
  /// `loop` and `limits` must outlive this object. kForbidden besides: an address that `rules`
  /// keep out.
  DialingWeb(net::Loop& loop, const Limits& limits, net::ProxySettings proxies,
             std::unique_ptr<net::TlsClient> tls, WebRules rules);
  /// For asking sign-in providers: any address, limits.provider_timeout for each question.
  DialingWeb(net::Loop& loop, const Limits& limits, net::ProxySettings proxies,
             std::unique_ptr<net::TlsClient> tls)
      : DialingWeb(loop, limits, std::move(proxies), std::move(tls),
                   WebRules{.timeout = limits.provider_timeout}) {}
  Task<Result<WebAnswer>> Ask(WebQuestion question) override;

 private:
  std::shared_ptr<H1Client> ClientFor(const net::Url& url);

  net::Loop& loop_;
  const Limits& limits_;
  const net::ProxySettings proxies_;
  const std::unique_ptr<net::TlsClient> tls_;
  const WebRules rules_;
  std::map<std::string, std::shared_ptr<H1Client>> clients_;  ///< By scheme and authority.
};

}  // namespace berth::http
