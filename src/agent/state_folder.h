// Where an agent keeps what it must remember: one folder for each instance's id, and in it one for
// each hub. They are for their owner alone (base/private_file.h).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace berth::agent {

/// $HOME, else the home of the user that runs us, else "/".
std::filesystem::path HomeFolder();

/// $XDG_STATE_HOME/berth, else ~/.local/state/berth.
std::filesystem::path StateBase();

/// What belongs to the instance of that id.
std::filesystem::path StateFolder(std::string_view client_id);

/// What belongs to the instance at one hub. `base`: StateBase(), or a test's; `hub_url` as in
/// AgentOptions.
std::filesystem::path HubFolder(const std::filesystem::path& base, std::string_view client_id,
                                std::string_view hub_url);

/// The ids in `base` that have a file of that name for this hub, in order.
std::vector<std::string> IdsWithHubFile(const std::filesystem::path& base, std::string_view hub_url,
                                        std::string_view file_name);

}  // namespace berth::agent
