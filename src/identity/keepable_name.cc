#include "identity/keepable_name.h"

#include "base/text.h"

namespace berth::identity {

bool IsKeepableName(std::string_view name) {
  return !name.empty() && name.size() <= 256 && !HasControl(name);
}

}  // namespace berth::identity
