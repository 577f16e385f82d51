// A body that ends when what allowed it ends: the session that it was opened with (sign-out,
// expiry, revocation, the loss of access at that instance's address), or path mode at an instance
// (path_gates.h). So live streams and sockets close, and not only later requests.
#pragma once

#include "base/event.h"
#include "http/body.h"

namespace berth::hub {

/// Passes `inner` on until `ended` is set; then its Read fails with kUnauthorized and `inner` is
/// destroyed, which cancels the exchange. `guard` keeps `ended` and `was_read` alive; the latter,
/// unless it is null, is set with every piece.
http::BodyPtr EndWith(http::BodyPtr inner, Event& ended, std::shared_ptr<const void> guard,
                      bool* was_read = nullptr);

}  // namespace berth::hub
