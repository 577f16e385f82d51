// HubContext: what the hub's handlers share. Owned by Hub; everything lives on one loop and
// outlives every request.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "base/executor.h"
#include "base/limits.h"
#include "base/log_thinning.h"
#include "base/task_group.h"
#include "base/wall_clock.h"
#include "http/compression.h"
#include "hub/change_rate.h"
#include "hub/hosts.h"
#include "hub/options.h"
#include "identity/session_cookie.h"

namespace berth {
class Sealer;
}
namespace berth::identity {
class Identity;
class SignIn;
}  // namespace berth::identity
namespace berth::store {
class Store;
}

namespace berth::hub {

class AssetCache;
class Changes;
class GuestStreams;
class InstanceHistory;
class Notifications;
class PathGates;
class Registry;

struct HubContext {
  Executor& executor;
  const Limits& limits;
  const Hosts& hosts;
  WallClock clock;
  store::Store& store;
  const Sealer& sealer;  ///< For what must be kept and read again.
  identity::Identity& identity;
  Registry& registry;
  InstanceHistory& history;
  TaskGroup&
      sockets;       ///< Dashboard sockets and tunnels: what outlives the exchange that opened it.
  Changes& changes;  ///< What callers want changed.
  Event& stopping;   ///< Set when the hub stops: what would stay open for ever takes its leave.
  identity::SignIn* sign_in = nullptr;                ///< Never null once the hub serves.
  http::Compressor* compressor = nullptr;             ///< Likewise.
  PathGates* path_gates = nullptr;                    ///< Likewise.
  GuestStreams* guests = nullptr;                     ///< Likewise.
  AssetCache* assets = nullptr;                       ///< Likewise.
  Notifications* notifications = nullptr;             ///< Likewise.
  bool path_mode = true;                              ///< Whether /clients/ID/proxy/ is served.
  bool version_1 = true;                              ///< Whether version-1 instances may connect.
  CompressMode compress = CompressMode::kAuto;        ///< Towards browsers.
  identity::Scheme scheme = identity::Scheme::kHttp;  ///< How browsers reach the hub.
  ChangeRate change_rate{};                           ///< Of the API's callers.
  std::map<std::int64_t, std::size_t> dashboards{};   ///< How many of whose sockets are open.
  /// Lines about dashboard sockets that were closed for what they sent, or left unread.
  LogThinning closed_pages{std::chrono::seconds(10)};
  /// Lines about dashboard sockets that were too many.
  LogThinning refused_pages{std::chrono::seconds(10)};
  /// Lines about changes that were too many.
  LogThinning refused_changes{std::chrono::seconds(10)};
  /// Lines about sign-ins that were refused.
  LogThinning refused_sign_ins{std::chrono::seconds(10)};
};

}  // namespace berth::hub
