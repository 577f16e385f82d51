// What hub and agent say to each other in the head of a stream, beside the assertion
// (assertion.h). No field of these reaches an instance or a browser.
#pragma once

#include <string_view>

namespace berth::control {

/// In a request: the content coding ("zstd", "br", "gzip") in which the agent may send the response
/// if it may be compressed at all. Absent: none.
inline constexpr std::string_view kCompressField = "x-berth-compress";

/// In a request: hints of what the hub holds, separated by commas (http/shared_asset.h). Absent:
/// nothing that could be the response's body.
inline constexpr std::string_view kHeldField = "x-berth-have";

/// In a response without a body: the digest of the body that the hub holds.
inline constexpr std::string_view kDigestField = "x-berth-digest";

}  // namespace berth::control
