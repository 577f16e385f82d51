// The media type of a Content-Type field, without its parameters (RFC 9110, section 8.3.1).
#pragma once

#include <string>
#include <string_view>

#include "http/fields.h"

namespace berth::http {

/// "text/html" of "Text/HTML; charset=utf-8".
std::string MediaType(std::string_view content_type);

/// Whether the Content-Type among `fields` is of that (lower-case) media type.
bool HasMediaType(const Fields& fields, std::string_view media_type);

}  // namespace berth::http
