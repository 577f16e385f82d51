// Bytes as text and back: hexadecimal, base64 (RFC 4648, section 4, padded) and base64url (section
// 5, without padding); and the escapes of URLs.
//
// Decoding of bytes is strict, so that each byte string has exactly one spelling: two different
// texts never name the same id or secret.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace berth {

/// Lower case, two digits a byte.
std::string HexEncode(std::span<const std::byte> bytes);
/// Nothing unless `text` is an even number of lower-case hexadecimal digits.
std::optional<std::vector<std::byte>> HexDecode(std::string_view text);

std::string Base64UrlEncode(std::span<const std::byte> bytes);
/// Nothing for padding, other alphabets, impossible lengths, or bits set beyond the last byte.
std::optional<std::vector<std::byte>> Base64UrlDecode(std::string_view text);

/// The same into memory of the caller, for secrets that are to be wiped. False also unless `text`
/// stands for exactly `into.size()` bytes; some may have been written then.
bool Base64UrlDecodeInto(std::string_view text, std::span<std::byte> into);

std::string Base64Encode(std::span<const std::byte> bytes);
/// Nothing without the padding, for other alphabets, or bits set beyond the last byte.
std::optional<std::vector<std::byte>> Base64Decode(std::string_view text);

/// What a hexadecimal digit of either case stands for; -1: it is none.
constexpr int HexValue(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}
/// `text` with each %XX decoded; broken ones as they are.
std::string PercentDecode(std::string_view text);

}  // namespace berth
