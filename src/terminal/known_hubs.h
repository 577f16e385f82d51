// The hubs that `berth login` remembers, with a token for each: hubs.toml, for its owner alone.
//
//     current = "https://hub.example.org"
//
//     ["https://hub.example.org"]
//     token = "bt_..."
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace berth::terminal {

struct KnownHubs {
  std::string current = {};  ///< The one that is meant when none is named; "" for none.
  std::map<std::string, Secret> tokens = {};  ///< By the hub's URL.
};

/// What that file says; nothing if there is none. kForbidden: others could read it; kInvalid: it is
/// not as `berth login` writes it. The messages say what to do.
Result<KnownHubs> ReadKnownHubs(const std::filesystem::path& file);

/// Replaces the file, with mode 0600.
Result<void> WriteKnownHubs(const std::filesystem::path& file, const KnownHubs& hubs);

/// One line of text as an API token. kInvalid says what it looks like instead.
Result<Secret> ReadApiToken(std::string_view text);

}  // namespace berth::terminal
