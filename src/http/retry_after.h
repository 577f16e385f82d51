// The Retry-After field (RFC 9110, section 10.2.3).
#pragma once

#include <chrono>
#include <optional>

#include "base/wall_clock.h"
#include "http/fields.h"

namespace berth::http {

/// How long the peer asks to wait, whether it says seconds or a date: from none to a day. Nothing
/// without the field, or if it says neither.
std::optional<std::chrono::seconds> RetryAfterOf(const Fields& fields, WallTime now);

}  // namespace berth::http
