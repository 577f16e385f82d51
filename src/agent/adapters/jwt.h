// JSON Web Tokens signed with HMAC-SHA256 (RFC 7519, RFC 7515): only what an instance needs to be
// told who asks.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace berth::agent {

/// A token for the user `user_id`, valid from `issued_at` for `lifetime`. `secret` is used as the
/// bytes that it is.
std::string MintToken(std::string_view secret, std::int64_t user_id, std::string_view username,
                      std::chrono::system_clock::time_point issued_at,
                      std::chrono::seconds lifetime);

}  // namespace berth::agent
