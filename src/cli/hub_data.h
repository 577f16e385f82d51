// Opening the hub's data folder from a command, whether a hub runs on it or not.
#pragma once

#include <memory>

#include "cli/options.h"
#include "cli/settings.h"
#include "hub/options.h"
#include "store/database.h"

namespace berth::cli {

/// --data and --config of a command, and the folder that they name.
class HubData {
 public:
  HubData() : settings_(HubDataSettings(options_)) {}
  HubData(const HubData&) = delete;
  HubData& operator=(const HubData&) = delete;

  void AddFlags(CLI::App& command) { settings_.AddFlags(command); }

  /// After the parsing. kInvalid: the options; kNotFound: no hub has run there, which a folder that
  /// was mistyped says too; other kinds: the folder.
  Result<std::unique_ptr<store::Database>> Open(const Environment& environment);

  const hub::HubOptions& options() const { return options_; }

 private:
  hub::HubOptions options_;
  Settings settings_;
};

}  // namespace berth::cli
