#include "http/grammar.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/encoding.h"

namespace berth::http {
namespace {

enum CharClass : std::uint8_t { kTokenChar = 1, kTargetChar = 2, kHostChar = 4 };

constexpr std::array<std::uint8_t, 256> MakeCharTable() {
  std::array<std::uint8_t, 256> table{};
  for (int c = 0; c < 256; ++c) {
    const bool is_digit = c >= '0' && c <= '9';
    const bool is_alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    std::uint8_t classes = 0;
    if (is_digit || is_alpha ||
        (c != 0 && std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) !=
                       std::string_view::npos)) {
      classes |= kTokenChar;
    }
    if (c >= 0x21 && c <= 0x7E && c != '#' && c != '\\') classes |= kTargetChar;
    if (is_digit || is_alpha || c == '-' || c == '.' || c == '_') classes |= kHostChar;
    table[static_cast<std::size_t>(c)] = classes;
  }
  return table;
}
constexpr auto kChars = MakeCharTable();

constexpr bool Is(char c, CharClass wanted) {
  return (kChars[static_cast<unsigned char>(c)] & wanted) != 0;
}
/// Without an early exit: what is looked at is nearly always as it should be.
bool AreAll(std::string_view text, CharClass wanted) {
  std::uint8_t common = wanted;
  for (const char c : text) common &= kChars[static_cast<unsigned char>(c)];
  return common != 0;
}
/// Whether a control byte other than a tab is among so many. Without an early exit, so that the
/// compiler looks at all of them at once.
template <std::size_t kSize>
bool HasControl(const char* text) {
  bool has_control = false;
  for (std::size_t i = 0; i < kSize; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    has_control |= ((byte < 0x20) & (byte != '\t')) | (byte == 0x7F);
  }
  return has_control;
}
constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

bool IsSafeMethod(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

bool IsToken(std::string_view text) { return !text.empty() && AreAll(text, kTokenChar); }

std::size_t TokenLength(std::string_view text) {
  std::size_t count = 0;
  while (count < text.size() && Is(text[count], kTokenChar)) ++count;
  return count;
}

bool AreTargetBytes(std::string_view text) { return AreAll(text, kTargetChar); }

bool IsFieldValue(std::string_view text) {
  // Most values are short, and the last step may look again at what the one before has seen.
  const char* const begin = text.data();
  const std::size_t size = text.size();
  if (size >= 16) {
    for (std::size_t i = 0; i + 16 < size; i += 16) {
      if (HasControl<16>(begin + i)) return false;
    }
    return !HasControl<16>(begin + size - 16);
  }
  if (size >= 8) return !HasControl<8>(begin) && !HasControl<8>(begin + size - 8);
  if (size >= 4) return !HasControl<4>(begin) && !HasControl<4>(begin + size - 4);
  return std::ranges::none_of(text, [](char c) { return HasControl<1>(&c); });
}

bool IsAuthority(std::string_view text) {
  if (text.empty() || text.size() > 255 + 6) return false;
  std::size_t end;
  if (text.front() == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || close < 3) return false;
    const bool is_address = std::ranges::all_of(
        text.substr(1, close - 1), [](char c) { return HexValue(c) >= 0 || c == ':' || c == '.'; });
    if (!is_address) return false;
    end = close + 1;
  } else {
    end = std::min(text.find(':'), text.size());
    if (end == 0 || !AreAll(text.substr(0, end), kHostChar)) return false;
  }
  if (end == text.size()) return true;
  if (text[end] != ':') return false;
  const std::string_view port = text.substr(end + 1);
  if (port.empty() || port.size() > 5 || !std::ranges::all_of(port, IsDigit)) return false;
  int number = 0;
  for (const char c : port) number = number * 10 + (c - '0');
  return number <= 65535;
}

bool IsOriginForm(std::string_view text) {
  return !text.empty() && text.front() == '/' && !text.starts_with("//") &&
         AreAll(text, kTargetChar);
}

bool HasForbiddenEscape(std::string_view routing_part) {
  for (std::size_t i = 0; i < routing_part.size(); ++i) {
    if (routing_part[i] != '%') continue;
    if (i + 2 >= routing_part.size()) return true;
    const int high = HexValue(routing_part[i + 1]);
    const int low = HexValue(routing_part[i + 2]);
    if (high < 0 || low < 0) return true;
    const int decoded = high * 16 + low;
    if (decoded == 0 || decoded == '\r' || decoded == '\n' || decoded == '/' || decoded == '\\') {
      return true;
    }
  }
  return false;
}

}  // namespace berth::http
