// A body that ends when the session it was opened with ends: sign-out, expiry, revocation and the
// loss of access (which ends the session at that instance's address) close live streams and
// sockets, not only later requests.
#pragma once

#include "base/event.h"
#include "http/body.h"

namespace berth::hub {

/// Passes `inner` on until `ended` is set; then its Read fails with kUnauthorized and `inner` is
/// destroyed, which cancels the exchange. `guard` keeps `ended` alive.
http::BodyPtr BindToSession(http::BodyPtr inner, Event& ended, std::shared_ptr<const void> guard);

}  // namespace berth::hub
