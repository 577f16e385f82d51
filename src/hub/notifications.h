// Notifications: everything about telling people of events, put together for the hub: the keys of
// Web Push, the watching, the outbox and its connections.
#pragma once

#include <memory>
#include <string>

#include "hub/context.h"
#include "hub/notifier.h"
#include "hub/outbox.h"
#include "net/loop.h"

namespace berth::hub {

class Notifications {
 public:
  /// `hub` must outlive this object. `may_be_private`: whether addresses of this machine and its
  /// networks may be told. kInvalid: the proxy settings of the environment.
  static Result<std::unique_ptr<Notifications>> Create(net::Loop& loop, HubContext& hub,
                                                       std::string public_url, bool may_be_private);
  ~Notifications();

  /// Makes the keys of Web Push if there are none, and begins to watch and to deliver. To be
  /// awaited once the registry knows the instances of the database.
  Task<Result<void>> Start();
  /// For an orderly end: watches no more, and writes what is not written yet.
  Task<void> Drain();

  /// What browsers subscribe with: the public key of VAPID, base64url.
  std::string PublicKey() const;
  Outbox& outbox() { return *outbox_; }

 private:
  Notifications(net::Loop& loop, HubContext& hub, std::string public_url)
      : loop_(loop), hub_(hub), public_url_(std::move(public_url)) {}
  Task<Result<void>> LoadKey();

  net::Loop& loop_;
  HubContext& hub_;
  const std::string public_url_;
  std::unique_ptr<http::Web> web_;
  std::unique_ptr<const P256PrivateKey> key_;  ///< Null before Start().
  std::unique_ptr<Outbox> outbox_;             ///< Likewise.
  std::unique_ptr<Notifier> notifier_;         ///< Likewise.
  Job delivery_;
};

}  // namespace berth::hub
