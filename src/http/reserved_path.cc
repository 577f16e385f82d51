#include "http/reserved_path.h"

#include <algorithm>
#include <string>

namespace berth::http {
namespace {

constexpr std::string_view kReserved = ".berth";

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// `path` with its escapes decoded, broken ones as they are.
std::string Decoded(std::string_view path) {
  std::string plain;
  plain.reserve(path.size());
  for (std::size_t i = 0; i < path.size(); ++i) {
    const bool is_escape = path[i] == '%' && i + 2 < path.size() && HexValue(path[i + 1]) >= 0 &&
                           HexValue(path[i + 2]) >= 0;
    if (is_escape) {
      plain.push_back(static_cast<char>(HexValue(path[i + 1]) * 16 + HexValue(path[i + 2])));
      i += 2;
    } else {
      plain.push_back(path[i]);
    }
  }
  std::ranges::replace(plain, '\\', '/');
  return plain;
}

}  // namespace

bool IsReservedPath(std::string_view path) {
  if (!path.contains('%') && !path.contains(kReserved)) return false;
  const std::string plain = Decoded(path);
  std::string_view rest = plain;
  std::size_t depth = 0;
  bool is_reserved = false;  // The first segment so far is ours.
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view segment = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (segment.empty() || segment == ".") continue;
    if (segment == "..") {
      if (depth > 0) --depth;
      continue;
    }
    if (depth++ == 0) is_reserved = segment == kReserved;
  }
  return depth > 0 && is_reserved;
}

}  // namespace berth::http
