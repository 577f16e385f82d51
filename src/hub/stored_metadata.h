// What instances say of themselves, as the database keeps it while they are away.
#pragma once

#include <string>
#include <string_view>

#include "control/message.h"

namespace berth::hub {

/// An instance's metadata as the database keeps it: the text of a `register`.
std::string MetadataToText(const control::Metadata& metadata);
/// And back; empty metadata if it is broken.
control::Metadata MetadataFromText(std::string_view text);

}  // namespace berth::hub
