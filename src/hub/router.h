// Router: the service behind the hub's listener. Decides by host, then by path, who answers.
#pragma once

#include "http/message.h"
#include "hub/context.h"

namespace berth::hub {

class TunnelEndpoint;

class Router : public http::Service {
 public:
  /// Both must outlive the router.
  Router(HubContext& hub, TunnelEndpoint& tunnels) : hub_(hub), tunnels_(tunnels) {}

  /// Always a response. An unknown host gets 421 before anything else is looked at.
  Task<Result<http::Response>> Exchange(http::Request request) override;

 private:
  Task<Result<http::Response>> ServeHub(http::Request request);
  Task<Result<http::Response>> ServePathMode(http::Request request);
  Task<Result<http::Response>> ServeSocket(http::Request request);

  HubContext& hub_;
  TunnelEndpoint& tunnels_;
};

}  // namespace berth::hub
