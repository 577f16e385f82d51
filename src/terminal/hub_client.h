// HubClient: the hub's API and dashboard socket, asked with an API token.
//
// As the agent dials: over verified TLS (plain HTTP only on loopback), through the proxy that the
// environment names. Every error's message is for the user, and says what to do next.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/secret.h"
#include "http/h1_client.h"
#include "http/web.h"
#include "http/websocket.h"
#include "net/loop.h"

namespace berth::terminal {

class HubClient {
 public:
  /// `loop` and `limits` must outlive the client. `hub_url` is as NormalizeHubUrl gives it; its
  /// certificate is verified against `trusted`; an empty token: calls carry none. kInvalid: the
  /// URL, or a proxy variable.
  static Result<std::unique_ptr<HubClient>> Create(net::Loop& loop, const Limits& limits,
                                                   std::string hub_url,
                                                   net::TlsClient::Options trusted, Secret token);

  /// The JSON text that the hub answers to GET `path`, within 30 s and 64 MiB. kUnauthorized: the
  /// token; kForbidden: it lacks the scope; kNotFound: the hub knows no such thing; kInvalid: that
  /// is no hub, or its certificate; kUnavailable, kTimeout: it is away.
  Task<Result<std::string>> Get(std::string path);

  /// Opens the dashboard socket. Errors as Get().
  Task<Result<std::unique_ptr<http::WebSocketChannel>>> OpenSocket();

  const std::string& url() const { return url_; }
  Executor& executor() { return loop_; }

 private:
  HubClient(net::Loop& loop, const Limits& limits, std::string url, net::Url place, Secret token,
            net::ProxySettings proxies, std::unique_ptr<net::TlsClient> tls);
  http::Request RequestFor(std::string_view path) const;
  Task<Result<http::Response>> Ask(http::Request request);
  Task<Result<std::string>> AskForText(http::Request request);
  Task<Error> Explain(http::Response response) const;

  net::Loop& loop_;
  const Limits& limits_;
  const std::string url_;
  const net::Url place_;
  const std::string base_;  ///< The path that the hub lives under; mostly "".
  const Secret token_;
  const net::ProxySettings proxies_;
  const std::unique_ptr<net::TlsClient> tls_;
  http::H1Client client_;
};

}  // namespace berth::terminal
