// What a provider may call a group or a person.
#pragma once

#include <string_view>

namespace berth::identity {

/// Whether the name can be kept: 1 to 256 bytes, no control characters.
bool IsKeepableName(std::string_view name);

}  // namespace berth::identity
