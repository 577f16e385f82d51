// Small files, most of them nobody else's business: tokens, pinned keys, settings.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace berth {

/// Makes the folder, and those that lead to it, as far as they are missing; with mode 0700,
/// whatever the umask: who may write in one of them may replace what is in the last. kForbidden,
/// kUnavailable: not made.
Result<void> MakePrivateFolder(const std::filesystem::path& folder);

/// The whole file, or what a pipe has, whoever else may read it. kNotFound: there is none;
/// kForbidden: we may not read it; kInvalid: it is a folder; kTooLarge: more than `limit` bytes.
Result<std::string> ReadSmallFile(const std::filesystem::path& file, std::size_t limit);

/// The whole file. kNotFound: there is none; kForbidden: users other than its owner may read or
/// write it, and the message says what to do; kTooLarge: more than `limit` bytes.
Result<std::string> ReadPrivateFile(const std::filesystem::path& file, std::size_t limit);

/// FromErrno() of a file in a folder whose owner alone may use it, with what to do if we may not.
Error OwnersFileError(int number, std::string_view doing);

/// Writes `text` with mode 0600, in a folder that is made if needed (MakePrivateFolder). After a
/// crash the file is the old one or the new one. kForbidden, kUnavailable: not written.
Result<void> WritePrivateFile(const std::filesystem::path& file, std::string_view text);

}  // namespace berth
