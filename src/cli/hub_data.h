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

  /// What becomes of a folder without a database, which a mistyped one is as well: none is made, or
  /// one is and standard error says so.
  enum class Missing { kRefuse, kCreate };
  /// After the parsing. kInvalid: the options; kNotFound: no hub has run there; other kinds: the
  /// folder.
  Result<std::unique_ptr<store::Database>> Open(const Environment& environment,
                                                Missing missing = Missing::kRefuse);

  const hub::HubOptions& options() const { return options_; }

 private:
  hub::HubOptions options_;
  Settings settings_;
};

}  // namespace berth::cli
