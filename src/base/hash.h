// SHA-256, HMAC-SHA-256 and a comparison whose time does not depend on the contents.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace berth {

using Sha256Digest = std::array<std::byte, 32>;

Sha256Digest Sha256(std::span<const std::byte> bytes);
Sha256Digest Sha256(std::string_view text);

Sha256Digest HmacSha256(std::span<const std::byte> key, std::span<const std::byte> message);

/// Whether both hold the same bytes. Takes the same time wherever they differ; the sizes are not
/// secret.
bool EqualsInConstantTime(std::span<const std::byte> a, std::span<const std::byte> b);

}  // namespace berth
