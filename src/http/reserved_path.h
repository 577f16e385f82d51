// The prefix /.berth/ of every address of an instance: ours, and never the instance's.
#pragma once

#include <string_view>

namespace berth::http {

/// Whether an instance could take the path (no query) for one under "/.berth": escapes decoded, '\'
/// read as '/', dot segments and empty ones resolved.
bool IsReservedPath(std::string_view path);

}  // namespace berth::http
