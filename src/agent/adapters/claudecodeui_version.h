// Versions of a claudecodeui, as it says them itself.
#pragma once

#include <array>
#include <string_view>

namespace berth::agent {

/// Whether `version` ("1.37.3") is at least `wanted`. What is no version is not.
bool IsAtLeast(std::string_view version, std::array<int, 3> wanted);

/// From this version on there is a list of running sessions.
inline constexpr std::array<int, 3> kListsRunning = {1, 35, 0};

/// From this version on a run's messages go to everybody who subscribed to it. Before, subscribing
/// takes the stream away from the page that has it.
inline constexpr std::array<int, 3> kSharedAudience = {1, 37, 3};

}  // namespace berth::agent
