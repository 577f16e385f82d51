// Hub: the whole hub on one loop: store, identity, registry, routes and listener. With more than
// one thread, connections live on other loops, and what they ask crosses to this one
// (front_loops.h).
//
//     auto hub = co_await Hub::Start(loop, options);
//     ... hub->public_url() ...
//     co_await hub->Drain();
#pragma once

#include <memory>
#include <string>

#include "base/seal.h"
#include "http/server.h"
#include "http/web.h"
#include "hub/access_keeper.h"
#include "hub/asset_cache.h"
#include "hub/changes.h"
#include "hub/context.h"
#include "hub/front_loops.h"
#include "hub/guest_streams.h"
#include "hub/instance_history.h"
#include "hub/notifications.h"
#include "hub/options.h"
#include "hub/path_gates.h"
#include "hub/registry.h"
#include "hub/router.h"
#include "hub/trusted_proxies.h"
#include "hub/tunnel_endpoint.h"
#include "identity/identity.h"
#include "identity/sign_in.h"
#include "net/loop.h"
#include "net/tls.h"
#include "store/folder_lock.h"
#include "store/store.h"

namespace berth::hub {

class Hub {
 public:
  /// Opens the data folder, binds, and serves from then on. kInvalid: the options do not fit
  /// together, or the data folder holds what a hub cannot use; kConflict: the port is taken;
  /// kForbidden, kUnavailable, kInternal: the data folder otherwise.
  static Task<Result<std::unique_ptr<Hub>>> Start(net::Loop& loop, HubOptions options);
  ~Hub();

  /// Where browsers find the hub.
  std::string public_url() const { return hosts_.public_origin().ToString(); }

  Task<Result<bool>> HasAnybodySignedIn();
  /// "URL/login#CODE" while nobody has ever signed in; "" afterwards.
  Task<Result<std::string>> FirstSignInLink();
  /// A token for an agent in the same process (berth demo).
  Task<Result<Secret>> CreateToken(std::string name);

  /// Reads the certificate again, if there is TLS.
  Result<void> ReloadCertificate();
  /// Takes nothing new, lets what runs finish within limits.drain_grace, and writes what is not
  /// written yet.
  Task<void> Drain();

 private:
  struct Doors;  ///< Where it listens, before it serves.

  Hub(net::Loop& loop, HubOptions options, Hosts hosts, std::unique_ptr<store::Store> store,
      Sealer sealer, std::unique_ptr<net::TlsServer> tls);
  /// Makes web_ and sign_in_.
  Result<void> PrepareSignIn(net::Loop& loop);
  Result<void> PrepareNotifications(net::Loop& loop);
  Task<Result<void>> Load();
  Result<void> Serve(net::Loop& loop, Doors doors);
  /// Warns of what our certificate is not for.
  void CheckCertificate() const;

  const HubOptions options_;
  const Hosts hosts_;
  TrustedProxies trusted_proxies_;
  std::unique_ptr<store::FolderLock> lock_;
  const Sealer sealer_;  ///< The store's last calls may use it.
  const std::unique_ptr<store::Store> store_;
  const std::unique_ptr<net::TlsServer> tls_;
  std::unique_ptr<http::Web> web_;  ///< Null if no provider is configured.
  identity::Identity identity_;
  std::unique_ptr<identity::SignIn> sign_in_;
  Registry registry_;
  InstanceHistory history_;
  http::Compressor compressor_;
  AssetCache assets_;
  // Destroyed in reverse: first the connections, then API calls, sockets and tunnels, then what
  // they use.
  TaskGroup sockets_;
  Changes changes_;
  Event stopping_;
  HubContext context_;
  std::unique_ptr<AccessKeeper> access_keeper_;
  PathGates path_gates_;
  GuestStreams guests_;
  std::unique_ptr<Notifications> notifications_;
  TunnelEndpoint tunnels_;
  Router router_;
  std::unique_ptr<http::Server> server_;  ///< With one thread.
  std::unique_ptr<FrontLoops> fronts_;    ///< With several.
  std::uint16_t port_ = 0;
  Job maintenance_;
  Job membership_;
};

}  // namespace berth::hub
