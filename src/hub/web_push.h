// Web Push: a message that only one browser can read (RFC 8291, over RFC 8188's aes128gcm), and the
// proof of who sends it (VAPID, RFC 8292). Values; safe from any thread.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/p256.h"
#include "base/wall_clock.h"

namespace berth::hub {

/// What a browser's subscription says besides its endpoint.
struct PushKeys {
  P256Point p256dh{};                ///< The browser's public key.
  std::array<std::byte, 16> auth{};  ///< A secret of the browser's.

  /// From the two texts of PushSubscription.toJSON().keys. kInvalid: they are none.
  static Result<PushKeys> From(std::string_view p256dh, std::string_view auth);
};

/// The longest text that fits one push message: services take bodies of 4096 bytes.
inline constexpr std::size_t kMaxPushText = 3993;

/// The body of a push message with `text`, one record. `sender` is a key for this message alone,
/// `salt` fresh random bytes. kTooLarge; kInvalid: the browser's key is no point of the curve.
Result<std::string> EncryptPush(const PushKeys& keys, std::string_view text,
                                const P256PrivateKey& sender, std::array<std::byte, 16> salt);

/// How long a VAPID token lasts; services refuse more than 24 hours.
inline constexpr auto kVapidLifetime = std::chrono::hours(12);

/// The value of Authorization: that the owner of `key`, reachable at `subject` ("https:" or
/// "mailto:"), sends to the push service at `origin` ("https://push.example").
std::string VapidAuthorization(const P256PrivateKey& key, std::string_view origin,
                               std::string_view subject, WallTime now);

}  // namespace berth::hub
