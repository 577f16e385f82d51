// What `berth hub` was told to do: flags, environment and file, already merged and checked one by
// one. cli/ fills it in.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/log.h"
#include "identity/sign_in_options.h"
#include "net/network.h"

namespace berth::hub {

/// Whether responses are compressed towards browsers.
enum class CompressMode {
  kAuto,  ///< But for browsers on the hub's own machine.
  kOn,
  kOff,
};

constexpr std::size_t kMaxThreads = 64;

struct HubOptions {
  std::string listen = "127.0.0.1:8787";  ///< ADDR:PORT; [ADDR]:PORT for IPv6; port 0: any free.
  /// Where browsers and agents reach the hub, without a trailing slash ("https://hub.example.org").
  /// Empty: made from `listen` and whether there is TLS.
  std::string public_url;
  /// Instances appear at {id}.<apps_domain>, with a port if it is not the scheme's own. Empty:
  /// "localhost" on loopback, none (path mode only) elsewhere.
  std::string apps_domain;
  /// Event loops in all, 1 to kMaxThreads: with more than one, all but one face browsers and
  /// agents.
  std::size_t threads = 1;
  std::filesystem::path data;       ///< The data folder; never empty.
  std::filesystem::path tls_cert;   ///< PEM chain; empty: no TLS. Set together with `tls_key`.
  std::filesystem::path tls_key;    ///< PEM.
  bool path_mode = true;            ///< Whether /clients/{id}/proxy/ is served at all.
  identity::SignInOptions sign_in;  ///< GitHub and OpenID Connect; none by default.
  bool version_1 = true;            ///< Whether version-1 instances may connect, token in the URL.
  CompressMode compress = CompressMode::kAuto;
  /// Whether notifications may go to addresses of this machine and its networks. Nothing: if the
  /// hub is for this machine only.
  std::optional<bool> notify_private_addresses;
  /// Whose X-Forwarded-For and -Proto count; nobody's by default.
  std::vector<net::Network> trusted_proxies = {};
  LogLevel log_level = LogLevel::kInfo;
  Limits limits;
};

}  // namespace berth::hub
