// Trim: a text without the blanks around it.
#pragma once

#include <string_view>

namespace berth {

/// The part of `text` from the first to the last byte that is none of `blanks`; "" if all are.
constexpr std::string_view Trim(std::string_view text, std::string_view blanks = " \t\r\n") {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace berth
