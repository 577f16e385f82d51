// What nghttp2 calls for an H2Session. Internal to the h2_* files.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>

namespace berth::http {

/// Bytes of a frame's header (RFC 9113, section 4.1).
inline constexpr std::size_t kH2FrameHeader = 9;
/// With less room than that for a DATA frame's payload, what is produced is full: the next call
/// makes a better frame.
inline constexpr std::size_t kH2LeastData = 4 * 1024;

/// For nghttp2_session_*_new, with the H2Session as user data. Lives for ever.
const nghttp2_session_callbacks* H2CallbackTable();

}  // namespace berth::http
