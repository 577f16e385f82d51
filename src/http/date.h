// The Date field (RFC 9110, section 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT".
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace berth::http {

std::string FormatHttpDate(std::chrono::sys_seconds time);

/// A date in exactly that form; the two that RFC 9110 calls obsolete are none.
std::optional<std::chrono::sys_seconds> ParseHttpDate(std::string_view text);

/// The present time in that form, made once a second and thread. Valid until this thread's next
/// call.
std::string_view HttpDateNow();

}  // namespace berth::http
