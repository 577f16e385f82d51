#include "agent/adapters/claudecodeui_version.h"

#include <charconv>

namespace berth::agent {

bool IsAtLeast(std::string_view version, std::array<int, 3> wanted) {
  std::array<int, 3> found{};
  for (int& part : found) {
    const auto [end, error] =
        std::from_chars(version.data(), version.data() + version.size(), part);
    if (error != std::errc()) return false;
    version.remove_prefix(static_cast<std::size_t>(end - version.data()));
    if (version.starts_with('.')) version.remove_prefix(1);
  }
  return found >= wanted;
}

}  // namespace berth::agent
