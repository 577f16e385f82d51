// The password of a user that the agent created in a fresh instance. It is kept before it is used,
// so that it cannot be lost, and only its owner can read it.
#pragma once

#include <filesystem>
#include <string>

#include "base/random.h"
#include "base/result.h"

namespace berth::agent {

/// Where it is kept.
std::filesystem::path PasswordFile(const std::filesystem::path& state_folder);

/// The kept password, or a new random one that is on disk (mode 0600, synced) when this returns.
/// Makes the folder (mode 0700) if needed. Blocks.
Result<std::string> KeepPassword(const std::filesystem::path& state_folder,
                                 const RandomSource& random);

}  // namespace berth::agent
