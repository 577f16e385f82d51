// The configuration file: TOML, read into a flat list of what it says and where.
//
// Which names there are is not known here: cli/settings.h does, and ApplyLimits() for the [limits]
// table. Every complaint names file and line.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"

namespace berth {

/// One `key = value` line.
struct ConfigEntry {
  std::string section;              ///< The [table] it stands in; "" at the top.
  std::string key;                  ///< As written: "public_url".
  std::vector<std::string> values;  ///< One, or as many as its array has. Switches: "on", "off".
  bool is_list = false;
  int line = 0;
};

struct ConfigFile {
  std::string name;  ///< For messages.
  std::vector<ConfigEntry> entries;

  /// "berth.toml:3".
  std::string PlaceOf(const ConfigEntry& entry) const;
};

/// Parses text. kInvalid: broken TOML, tables in tables, or values that are neither text, whole
/// numbers, booleans nor arrays of these.
Result<ConfigFile> ParseConfig(std::string_view text, std::string name);

/// Reads a file of at most 1 MiB.
Result<ConfigFile> ReadConfigFile(const std::filesystem::path& path);

/// Takes over the [limits] table. Durations are written "10s" or as a number of milliseconds, sizes
/// "64KiB" or as a number. kInvalid: an unknown limit, or a value that is not one or is zero.
Result<void> ApplyLimits(const ConfigFile& file, Limits& limits);

}  // namespace berth
