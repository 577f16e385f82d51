// What the program exits with, besides 0; docs/operations.md says it to users.
#pragma once

#include "base/error.h"

namespace berth {

inline constexpr int kFailed = 1;   ///< It was tried, and did not work.
inline constexpr int kMisused = 2;  ///< The command line, environment or a file is wrong.

/// Of a command that this error kept from beginning.
inline int ExitStatus(const Error& error) {
  return error.kind == ErrorKind::kInvalid ? kMisused : kFailed;
}

}  // namespace berth
