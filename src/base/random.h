// Random bytes for secrets and ids, from a source that tests can replace.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <span>

namespace berth {

/// Fills a span with random bytes. Every secret of the program comes out of one of these.
using RandomSource = std::function<void(std::span<std::byte>)>;

/// OpenSSL's generator. Safe from any thread. Aborts if the system has no entropy to give: no
/// secret that it could make instead would be one.
RandomSource SystemRandom();

/// `N` bytes of `source`.
template <std::size_t N>
std::array<std::byte, N> RandomBytes(const RandomSource& source) {
  std::array<std::byte, N> bytes;
  source(bytes);
  return bytes;
}

}  // namespace berth
