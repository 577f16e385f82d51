// How a notification is said to each kind of target: the HTTP request that tells it.
#pragma once

#include <string>
#include <string_view>

#include "base/p256.h"
#include "base/random.h"
#include "base/seal.h"
#include "http/web.h"
#include "hub/notification.h"
#include "store/notify_targets.h"

namespace berth::hub {

/// What is sealed of a target.
struct NotifyConfig {
  std::string url = {};     ///< Of the push service, the ntfy topic or the webhook. A secret, too.
  std::string p256dh = {};  ///< Web Push: the browser's key, base64url.
  std::string auth = {};    ///< Web Push: its secret, base64url.
  std::string secret = {};  ///< Webhook: signs; ntfy: an access token, may be empty.
};

/// kInvalid: not what a target of that kind needs; the message says what, for its user.
Result<void> CheckNotifyConfig(store::NotifyKind kind, const NotifyConfig& config);

std::vector<std::byte> SealNotifyConfig(const Sealer& sealer, std::string_view target_id,
                                        const NotifyConfig& config);
/// kInvalid: damaged, or of another key.
Result<NotifyConfig> OpenNotifyConfig(const Sealer& sealer, const store::NotifyTargetRow& target);

/// One name for an event at a target, the same at every attempt: 32 characters of base64url.
std::string IdempotencyKey(std::string_view target_id, std::string_view dedupe_key);

/// Who the hub is towards push services.
struct PushIdentity {
  const P256PrivateKey& key;
  std::string subject;  ///< "https:..." or "mailto:...".
};

/// What to ask `config.url`. kInvalid: the target cannot be spoken to (its key is none).
Result<http::WebQuestion> NotifyQuestion(store::NotifyKind kind, const NotifyConfig& config,
                                         const Notification& notification,
                                         std::string_view idempotency_key,
                                         const PushIdentity& identity, WallTime now,
                                         const RandomSource& random);

}  // namespace berth::hub
