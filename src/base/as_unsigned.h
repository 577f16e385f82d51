// Bytes and text as libcrypto takes them: it knows `unsigned char` alone.
#pragma once

#include <cstddef>

namespace berth {

/// The same bytes.
inline const unsigned char* AsUnsigned(const std::byte* bytes) {
  return reinterpret_cast<const unsigned char*>(bytes);
}
inline unsigned char* AsUnsigned(std::byte* bytes) {
  return reinterpret_cast<unsigned char*>(bytes);
}
inline const unsigned char* AsUnsigned(const char* text) {
  return reinterpret_cast<const unsigned char*>(text);
}
inline unsigned char* AsUnsigned(char* text) { return reinterpret_cast<unsigned char*>(text); }

}  // namespace berth
