#include "http/utf8.h"

#include <cstdint>
#include <cstring>

namespace berth::http {
namespace {

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80; }

// The length of the valid character at the front of `text`, 0 if there is none.
std::size_t CharacterSize(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return 1;
  std::size_t size = 0;
  unsigned char low = 0x80;   // Bounds of the second byte: they exclude overlong forms, surrogates
  unsigned char high = 0xBF;  // and what lies beyond U+10FFFF (RFC 3629, section 4).
  if (lead >= 0xC2 && lead <= 0xDF) {
    size = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    size = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    size = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return 0;
  }
  if (text.size() < size) return 0;
  const auto second = static_cast<unsigned char>(text[1]);
  if (second < low || second > high) return 0;
  for (std::size_t i = 2; i < size; ++i) {
    if (!IsContinuation(text[i])) return 0;
  }
  return size;
}

// How many bytes at the front are ASCII, counted in words of eight.
std::size_t AsciiWords(std::string_view text) {
  std::size_t count = 0;
  for (; count + 8 <= text.size(); count += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + count, sizeof word);
    if ((word & 0x8080'8080'8080'8080U) != 0) break;
  }
  return count;
}

}  // namespace

bool IsUtf8(std::string_view text) {
  for (;;) {
    text.remove_prefix(AsciiWords(text));
    if (text.empty()) return true;
    const std::size_t size = CharacterSize(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
}

std::string ToUtf8(std::string_view text) {
  if (IsUtf8(text)) return std::string(text);
  std::string valid;
  while (!text.empty()) {
    const std::size_t size = CharacterSize(text);
    valid += size == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, size);
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return valid;
}

}  // namespace berth::http
