// A body that ends when what allowed it ends: the session that it was opened with, say, or the life
// of the program. So live streams and sockets close, and not only later requests.
#pragma once

#include "base/event.h"
#include "http/body.h"

namespace berth::http {

/// Passes `inner` on until `ended` is set; then its Read fails with an error of kind `why`, and
/// `inner` is destroyed, which cancels the exchange. `guard` keeps `ended` and `was_read` alive,
/// where they do not outlive the body anyway; `was_read`, unless it is null, is set with every
/// piece.
BodyPtr EndWith(BodyPtr inner, Event& ended, ErrorKind why, std::shared_ptr<const void> guard = {},
                bool* was_read = nullptr);

/// The same for a body that its reader may leave unread for as long as it likes: `inner` is also
/// Cut() as soon as `ended` is set.
BodyPtr CutWith(BodyPtr inner, Event& ended, ErrorKind why, std::shared_ptr<const void> guard = {});

}  // namespace berth::http
