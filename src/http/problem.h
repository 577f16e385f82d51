// Problem details (RFC 9457), and what hub and agent answer in the place of an instance.
#pragma once

#include <string_view>

#include "http/message.h"

namespace berth::http {

/// Keeps an answer out of every cache and every service worker's: Cache-Control: no-store, and
/// Vary: *, which makes Cache.put refuse it. Replaces what `fields` said of it.
void NeverKept(Fields& fields);

/// application/problem+json, never kept.
Response ProblemDetails(int status, std::string_view title, std::string_view detail);

}  // namespace berth::http
