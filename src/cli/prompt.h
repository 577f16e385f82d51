// Asking for something secret on the terminal.
#pragma once

#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace berth::cli {

/// One line of standard input, of at most 4 KiB. On a terminal after `question`, and without
/// showing what is typed. kInvalid: it is too long; kCancelled: by
/// Ctrl-C. Blocks.
Result<Secret> AskForSecret(std::string_view question);

}  // namespace berth::cli
