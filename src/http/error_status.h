// The status that answers an exchange which failed without a response of its own.
#pragma once

#include "base/error.h"

namespace berth::http {

/// kInvalid is 502: what is invalid is what the next hop said, not what we were asked; the servers
/// refuse bad requests before any service sees them.
int StatusOf(ErrorKind kind);

/// The status for a request body that could not be read: the browser's fault, whatever the service
/// made of it.
int BodyStatusOf(ErrorKind kind);

}  // namespace berth::http
