#include "base/encoding.h"

#include <array>
#include <cstdint>

namespace berth {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64UrlDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::uint8_t kNoDigit = 255;

/// What each character stands for; kNoDigit: nothing.
using DigitValues = std::array<std::uint8_t, 256>;

consteval DigitValues ValuesOf(std::string_view digits) {
  DigitValues values;
  values.fill(kNoDigit);
  for (std::size_t i = 0; i < digits.size(); ++i) {
    values[static_cast<unsigned char>(digits[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}

constexpr DigitValues kLowerHexValues = ValuesOf(kHexDigits);
constexpr DigitValues kBase64UrlValues = ValuesOf(kBase64UrlDigits);

std::uint8_t ValueOf(const DigitValues& values, char digit) {
  return values[static_cast<unsigned char>(digit)];
}

}  // namespace

std::string HexEncode(std::span<const std::byte> bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) {
    text.push_back(kHexDigits[std::to_integer<std::size_t>(byte >> 4)]);
    text.push_back(kHexDigits[std::to_integer<std::size_t>(byte & std::byte{15})]);
  }
  return text;
}

std::optional<std::vector<std::byte>> HexDecode(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::vector<std::byte> bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const std::uint8_t high = ValueOf(kLowerHexValues, text[i]);
    const std::uint8_t low = ValueOf(kLowerHexValues, text[i + 1]);
    if (high == kNoDigit || low == kNoDigit) return std::nullopt;
    bytes.push_back(static_cast<std::byte>(high << 4 | low));
  }
  return bytes;
}

std::string Base64UrlEncode(std::span<const std::byte> bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);  // With room for padding.
  std::uint32_t bits = 0;
  int count = 0;
  for (const std::byte byte : bytes) {
    bits = bits << 8 | std::to_integer<std::uint32_t>(byte);
    for (count += 8; count >= 6; count -= 6) {
      text.push_back(kBase64UrlDigits[bits >> (count - 6) & 63]);
    }
  }
  if (count > 0) text.push_back(kBase64UrlDigits[bits << (6 - count) & 63]);
  return text;
}

bool Base64UrlDecodeInto(std::string_view text, std::span<std::byte> into) {
  if (text.size() % 4 == 1 || text.size() * 3 / 4 != into.size()) return false;
  std::uint32_t seen = 0;  // Every value, so that one look at the end finds what is no digit.
  auto take = [&, at = std::size_t{0}]() mutable -> std::uint32_t {
    const std::uint8_t value = ValueOf(kBase64UrlValues, text[at++]);
    seen |= value;
    return value;
  };
  std::size_t done = 0;
  for (; done + 3 <= into.size(); done += 3) {
    std::uint32_t bits = take() << 18;
    bits |= take() << 12;
    bits |= take() << 6;
    bits |= take();
    into[done] = static_cast<std::byte>(bits >> 16 & 255);
    into[done + 1] = static_cast<std::byte>(bits >> 8 & 255);
    into[done + 2] = static_cast<std::byte>(bits & 255);
  }
  std::uint32_t unused = 0;  // Bits beyond the last byte.
  if (into.size() - done == 2) {
    std::uint32_t bits = take() << 12;
    bits |= take() << 6;
    bits |= take();
    into[done] = static_cast<std::byte>(bits >> 10 & 255);
    into[done + 1] = static_cast<std::byte>(bits >> 2 & 255);
    unused = bits & 3;
  } else if (into.size() - done == 1) {
    std::uint32_t bits = take() << 6;
    bits |= take();
    into[done] = static_cast<std::byte>(bits >> 4 & 255);
    unused = bits & 15;
  }
  return seen < 64 && unused == 0;
}

std::optional<std::vector<std::byte>> Base64UrlDecode(std::string_view text) {
  std::vector<std::byte> bytes(text.size() * 3 / 4);
  if (!Base64UrlDecodeInto(text, bytes)) return std::nullopt;
  return bytes;
}

std::string Base64Encode(std::span<const std::byte> bytes) {
  std::string text = Base64UrlEncode(bytes);
  for (char& c : text) {
    if (c == '-') c = '+';
    if (c == '_') c = '/';
  }
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

std::optional<std::vector<std::byte>> Base64Decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.ends_with("==")) {
    text.remove_suffix(2);
  } else if (text.ends_with('=')) {
    text.remove_suffix(1);
  }
  std::string url(text);
  for (char& c : url) {
    if (c == '-' || c == '_') return std::nullopt;
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  return Base64UrlDecode(url);
}

std::string PercentDecode(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '%' && i + 2 < text.size() && HexValue(text[i + 1]) >= 0 &&
                           HexValue(text[i + 2]) >= 0;
    if (is_escape) {
      plain.push_back(static_cast<char>(HexValue(text[i + 1]) * 16 + HexValue(text[i + 2])));
      i += 2;
    } else {
      plain.push_back(text[i]);
    }
  }
  return plain;
}

}  // namespace berth
