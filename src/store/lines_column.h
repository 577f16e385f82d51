// Short lists kept in one column, one entry a line.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace berth::store {

/// The lines of `text`, without empty ones.
inline std::vector<std::string> FromLines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// The other way. REQUIRES: no entry holds a line break.
inline std::string ToLines(const std::vector<std::string>& entries) {
  std::string text;
  for (const std::string& entry : entries) text += entry + '\n';
  return text;
}

}  // namespace berth::store
