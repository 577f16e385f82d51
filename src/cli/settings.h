// Settings: the options of one command, in one table. Each row is at once a flag, an environment
// variable and a key of the configuration file, so that the three cannot drift apart.
//
// What counts, per row: the flag, else the environment, else the file, else the default that the
// options struct has. "public-url" is --public-url, BERTH_PUBLIC_URL and `public_url = ...`.
#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "base/result.h"

namespace CLI {
class App;
}

namespace berth::cli {

/// Where a row may come from. Secrets are no flags: a command line is for everybody to see.
enum class Source { kAnywhere, kEnvironmentAndFile, kEnvironment };

/// One row.
struct Setting {
  std::string_view name;        ///< As a flag, without dashes.
  std::string_view value_name;  ///< "ADDR:PORT", for --help.
  std::string_view help;        ///< One line, with the default; --help adds `variable`.
  /// Takes the value over. Lists: called once for each item.
  std::function<Result<void>(std::string_view)> set;
  std::string_view variable = {};  ///< A further environment variable, after BERTH_...
  bool is_list = false;  ///< Repeated flags, arrays in the file, commas in the environment.
  Source source = Source::kAnywhere;
};

/// Leaves of `rows` those called `names` as flags; the others come from the environment and the
/// file alone. For a command that shares a file with another and needs little of it.
void KeepFlags(std::vector<Setting>& rows, std::initializer_list<std::string_view> names);

/// Reads an environment variable.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// The process's own.
Environment ProcessEnvironment();

class Settings {
 public:
  explicit Settings(std::vector<Setting> rows);

  /// Adds a flag for each row, and --config. This object must outlive the parsing.
  void AddFlags(CLI::App& command);

  /// After the parsing: reads the file, if one is named, and calls `set` of every row that has a
  /// value anywhere; then takes over [limits]. Rows come in the order file, environment, flag, so
  /// that among rows which mean the same thing the stronger source is the last. kInvalid: one of
  /// the values, or an unknown key; the message says where it stands.
  Result<void> Resolve(const Environment& environment, Limits& limits);

 private:
  struct Row {
    Setting setting;
    std::vector<std::string> flag_values;
  };
  struct Value {
    const Row* row;
    std::string place;  ///< "--listen", "BERTH_LISTEN" or "berth.toml:3: listen".
    std::vector<std::string> texts;
  };

  Result<std::vector<Value>> FromFile(const ConfigFile& file) const;
  std::optional<Value> FromEnvironment(const Row& row, const Environment& environment) const;

  std::vector<Row> rows_;
  std::vector<std::string> config_flag_;
};

}  // namespace berth::cli
