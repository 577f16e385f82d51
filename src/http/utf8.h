// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing beyond U+10FFFF.
#pragma once

#include <string>
#include <string_view>

namespace berth::http {

/// Whether `text` is valid UTF-8 (the empty text is).
bool IsUtf8(std::string_view text);

/// `text` with each invalid byte replaced by U+FFFD: for text of this machine (host names, paths)
/// that must travel in a protocol that demands UTF-8.
std::string ToUtf8(std::string_view text);

}  // namespace berth::http
