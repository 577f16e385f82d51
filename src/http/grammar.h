// The small words of HTTP, stricter than RFC 9110 and RFC 3986 where leniency is how two readers
// come to differ. Every head that comes in or goes out, of whichever version, is held to them.
#pragma once

#include <cstddef>
#include <string_view>

namespace berth::http {

/// Whether a method only reads (RFC 9110, section 9.2.1): GET, HEAD or OPTIONS. TRACE is not
/// served.
bool IsSafeMethod(std::string_view method);
/// A method of more bytes is none that anybody knows, and is answered 501.
inline constexpr std::size_t kMaxMethod = 32;

/// Whether `text` is a token (RFC 9110, section 5.6.2), such as a method or a field name.
bool IsToken(std::string_view text);
/// How many of the first bytes may be those of a token.
std::size_t TokenLength(std::string_view text);
/// Whether `text` may be a field value: no control bytes but tabs.
bool IsFieldValue(std::string_view text);
/// Whether `text` is a host, or host:port, in ASCII, without user information.
bool IsAuthority(std::string_view text);
/// Whether `text` is an origin-form target: "/...", bytes 0x21 to 0x7E, no '#', no '\', no leading
/// "//".
bool IsOriginForm(std::string_view text);
/// Whether a target, in whatever form, may hold these bytes: 0x21 to 0x7E, no '#', no '\'.
bool AreTargetBytes(std::string_view text);

/// Whether the part of a path that routes holds something that decodes to NUL, CR, LF, '/' or '\',
/// or a '%' without two hexadecimal digits. Only the router knows how far that part reaches; what
/// comes after it belongs to the instance and passes as it is.
bool HasForbiddenEscape(std::string_view routing_part);

}  // namespace berth::http
