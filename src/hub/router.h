// Router: the service behind the hub's listener. Decides by host, then by path, who answers.
#pragma once

#include "http/message.h"
#include "hub/context.h"

namespace berth::hub {

class TrustedProxies;
class TunnelEndpoint;

class Router : public http::Service {
 public:
  /// All must outlive the router.
  Router(HubContext& hub, TunnelEndpoint& tunnels, TrustedProxies& proxies)
      : hub_(hub), tunnels_(tunnels), proxies_(proxies) {}

  /// Always a response. An unknown host gets 421 before anything else is looked at, but for
  /// /health, which load balancers ask by whatever address they have. What handlers get as peer and
  /// scheme is the browser's, by the word of trusted proxies.
  Task<Result<http::Response>> Exchange(http::Request request) override;

 private:
  Task<Result<http::Response>> ServeHub(http::Request request);
  Task<Result<http::Response>> ServePathMode(http::Request request);
  Task<Result<http::Response>> ServeSocket(http::Request request);

  HubContext& hub_;
  TunnelEndpoint& tunnels_;
  TrustedProxies& proxies_;
};

}  // namespace berth::hub
