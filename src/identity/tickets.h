// Tickets: one-time codes that carry a signed-in browser from the hub's origin to the origin of one
// instance (subdomain mode).
//
// They live 30 seconds and in memory only: a hub that restarts forgets them, and the browser asks
// for another. Lives on one loop.
#pragma once

#include <chrono>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "base/random.h"
#include "base/secret.h"
#include "base/wall_clock.h"
#include "identity/sessions.h"

namespace berth::identity {

class Tickets {
 public:
  Tickets(std::chrono::milliseconds lifetime, WallClock clock, RandomSource random);

  /// A ticket for this session and instance. Many at once push out the session's oldest, and those
  /// of many sessions the oldest of all.
  Secret Issue(SessionPtr session, std::string_view instance_id);

  /// Uses a ticket up: the session that it was issued to, if that still lives and the ticket is for
  /// this instance; else null. Follow it with Sessions::CreateChild. Presenting a ticket at another
  /// instance's origin uses it up too.
  SessionPtr Redeem(std::string_view text, std::string_view instance_id);

 private:
  struct Ticket {
    std::string id;
    Sha256Digest secret_hash{};
    std::string session_id;
    std::weak_ptr<const Session> session;
    std::string instance_id;
    WallTime expires_at;
  };
  using ByAge = std::list<Ticket>;

  /// Makes room for one more of that session.
  void DropOld(WallTime now, const std::string& session_id);
  void Remove(ByAge::iterator ticket);

  const std::chrono::milliseconds lifetime_;
  const WallClock clock_;
  const RandomSource random_;
  ByAge tickets_;                                                             ///< The oldest first.
  std::unordered_map<std::string, ByAge::iterator> by_id_;                    ///< All of them.
  std::unordered_map<std::string, std::vector<ByAge::iterator>> by_session_;  ///< The oldest first.
};

}  // namespace berth::identity
