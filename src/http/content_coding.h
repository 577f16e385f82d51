// Content codings (RFC 9110, section 8.4): their names, and which one a peer takes.
#pragma once

#include <string_view>

#include "http/fields.h"

namespace berth::http {

enum class Coding { kIdentity, kGzip, kBrotli, kZstd };

/// As in Content-Encoding: "gzip", "br", "zstd"; "identity".
std::string_view NameOf(Coding coding);

/// The coding of exactly that name; kIdentity for every other text.
Coding CodingNamed(std::string_view name);

/// The coding that Accept-Encoding likes best (RFC 9110, section 12.5.3). Of equals, the one that
/// costs a connection and us the least: zstd, br, gzip, identity. Without the field, and where
/// nothing of ours is left, kIdentity: a response in no coding offends nobody. An element that is
/// malformed counts as absent.
Coding ChooseCoding(const Fields& request);

}  // namespace berth::http
