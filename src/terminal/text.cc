#include "terminal/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "http/utf8.h"

namespace berth::terminal {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";     // U+2026

using Range = std::pair<char32_t, char32_t>;

/// Marks that change where the text around them stands, or that cannot be seen.
constexpr std::array<Range, 5> kDeceptive{{
    {0x061c, 0x061c},
    {0x200e, 0x200f},
    {0x2028, 0x202e},
    {0x2066, 0x2069},
    {0xfeff, 0xfeff},
}};

/// Characters without a column of their own: combining marks, joiners, variation selectors.
constexpr std::array<Range, 6> kNarrow{{
    {0x0300, 0x036f},
    {0x0483, 0x0489},
    {0x200b, 0x200d},
    {0x20d0, 0x20ff},
    {0xfe00, 0xfe0f},
    {0xe0100, 0xe01ef},
}};

/// Characters of two columns: East Asian wide ones, and emoji.
constexpr std::array<Range, 11> kWide{{
    {0x1100, 0x115f},
    {0x2e80, 0x303e},
    {0x3041, 0xa4cf},
    {0xac00, 0xd7a3},
    {0xf900, 0xfaff},
    {0xfe30, 0xfe6f},
    {0xff00, 0xff60},
    {0xffe0, 0xffe6},
    {0x1f300, 0x1f64f},
    {0x1f680, 0x1faff},
    {0x20000, 0x3fffd},
}};

bool IsIn(std::span<const Range> ranges, char32_t c) {
  return std::ranges::any_of(
      ranges, [c](const Range& range) { return c >= range.first && c <= range.second; });
}

struct Character {
  char32_t code = 0;
  std::string_view bytes;
};

/// Takes the first character off valid UTF-8.
Character TakeCharacter(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  Character character{.bytes = text.substr(0, size)};
  character.code = size == 1 ? first : first & (0xffU >> (size + 1));
  for (const char c : character.bytes.substr(1)) {
    character.code = character.code << 6 | (static_cast<unsigned char>(c) & 0x3fU);
  }
  text.remove_prefix(character.bytes.size());
  return character;
}

bool IsTabOrBreak(char32_t code) { return code == '\t' || code == '\n' || code == '\r'; }

bool IsHarmful(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || IsIn(kDeceptive, code);
}

std::size_t WidthOf(char32_t code) { return IsIn(kNarrow, code) ? 0 : IsIn(kWide, code) ? 2 : 1; }

}  // namespace

std::string Plain(std::string_view text) {
  const std::string valid = http::ToUtf8(text);
  std::string_view rest = valid;
  std::string plain;
  while (!rest.empty()) {
    const auto [code, bytes] = TakeCharacter(rest);
    if (IsTabOrBreak(code)) {
      plain.push_back(' ');
    } else {
      plain += IsHarmful(code) ? kReplacement : bytes;
    }
  }
  return plain;
}

std::string PlainJson(std::string_view json) {
  const std::string valid = http::ToUtf8(json);
  std::string_view rest = valid;
  std::string plain;
  while (!rest.empty()) {
    const auto [code, bytes] = TakeCharacter(rest);
    if (IsHarmful(code) && !IsTabOrBreak(code)) {  // Those stand between values.
      plain += fmt::format("\\u{:04x}", std::uint32_t{code});
    } else {
      plain += bytes;
    }
  }
  return plain;
}

std::size_t Width(std::string_view plain) {
  std::size_t columns = 0;
  while (!plain.empty()) columns += WidthOf(TakeCharacter(plain).code);
  return columns;
}

std::string Fit(std::string_view plain, std::size_t columns, Cut cut) {
  const std::size_t all = Width(plain);
  if (all <= columns) return std::string(plain);
  if (columns == 0) return "";
  if (cut == Cut::kEnd) {
    std::string kept;
    for (std::size_t used = 0;;) {
      const auto [code, bytes] = TakeCharacter(plain);
      used += WidthOf(code);
      if (used > columns - 1) break;
      kept += bytes;
    }
    return kept.append(kEllipsis);
  }
  for (std::size_t left = all; left > columns - 1;) left -= WidthOf(TakeCharacter(plain).code);
  return std::string(kEllipsis).append(plain);
}

}  // namespace berth::terminal
