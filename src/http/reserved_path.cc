#include "http/reserved_path.h"

#include <algorithm>
#include <string>

#include "base/encoding.h"

namespace berth::http {
namespace {

constexpr std::string_view kReserved = ".berth";

/// `path` as a reader may take it that decodes escapes and knows both slashes.
std::string Decoded(std::string_view path) {
  std::string plain = PercentDecode(path);
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
