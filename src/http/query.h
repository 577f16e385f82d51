// Query strings: percent-encoding and single parameters (RFC 3986;
// application/x-www-form-urlencoded for reading).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace berth::http {

/// `text` with everything but unreserved characters and '/' percent-encoded.
std::string EscapeQuery(std::string_view text);

/// `text` with %XX decoded and '+' read as a space. Nothing if an escape is broken.
std::optional<std::string> UnescapeQuery(std::string_view text);

/// The decoded value of the first parameter of that name. Nothing if it is absent or broken.
std::optional<std::string> QueryParameter(std::string_view query, std::string_view name);

}  // namespace berth::http
