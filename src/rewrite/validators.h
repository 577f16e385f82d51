// Validators and freshness of rewritten responses (RFC 9110, section 8.8; RFC 9111).
//
// Our output for one instance's entity tag depends on our version too, so the tag that browsers see
// holds both: "abc" becomes W/"abc-s1a2b3c4d" (s: it was strong, w: weak). A browser's
// If-None-Match and If-Match are turned back for the instance, if the version is still ours.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace berth::rewrite {

/// The entity tag of our output; nothing if `etag` is malformed.
std::optional<std::string> DeriveEtag(std::string_view etag, std::string_view version);

/// The instance's tags in a list of tags (If-None-Match, If-Match) of which DeriveEtag made some
/// with this version; "" if it made none.
std::string OriginalEtags(std::string_view tags, std::string_view version);

/// A Cache-Control value for output that may change when we do: without `immutable`, lifetimes cut
/// to five minutes.
std::string ShortenFreshness(std::string_view cache_control);

}  // namespace berth::rewrite
