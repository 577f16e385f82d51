#include "identity/keepable_name.h"

#include <algorithm>

namespace berth::identity {

bool IsKeepableName(std::string_view name) {
  return !name.empty() && name.size() <= 256 && std::ranges::none_of(name, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
}

}  // namespace berth::identity
