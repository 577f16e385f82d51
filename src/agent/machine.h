// What this machine calls itself.
#pragma once

#include <string>

namespace berth::agent {

/// "" if it has no name.
std::string HostName();

/// "linux", as version 1 has it.
std::string Platform();

/// "linux x86_64".
std::string PlatformAndProcessor();

}  // namespace berth::agent
