// For tests: options as they come from a command line, an environment and a file.
#pragma once

#include <gmock/gmock.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <map>

#include "base/private_file.h"
#include "base/result_testing.h"
#include "base/temp_folder_testing.h"
#include "cli/options.h"

namespace berth::cli::testing {

struct OptionsTest : ::testing::Test {
  berth::testing::TempFolder folder;
  std::map<std::string, std::string> variables;
  std::string file;  ///< Text of the configuration file; "" for none.
  Environment environment = [this](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };

  Result<void> Resolve(Settings settings, std::vector<std::string> arguments, Limits& limits) {
    CLI::App app;
    settings.AddFlags(app);
    if (!file.empty()) {
      const auto path = folder.path() / "berth.toml";
      std::ofstream(path) << file;
      arguments.insert(arguments.end(), {"--config", path.string()});
    }
    std::ranges::reverse(arguments);
    try {
      app.parse(arguments);
    } catch (const CLI::ParseError& error) {
      return Invalid(std::string("command line: ") + error.what());
    }
    return settings.Resolve(environment, limits);
  }
  Result<hub::HubOptions> Hub(std::vector<std::string> arguments = {}) {
    hub::HubOptions options;
    auto done = Resolve(Settings(HubSettings(options)), std::move(arguments), options.limits);
    if (!done) return std::move(done).error();
    return options;
  }
  Result<agent::AgentOptions> Agent(std::vector<std::string> arguments = {}) {
    agent::AgentOptions options;
    auto done = Resolve(Settings(AgentSettings(options)), std::move(arguments), options.limits);
    if (!done) return std::move(done).error();
    return options;
  }
  std::string Write(const std::string& name, const std::string& text) {
    EXPECT_THAT(WritePrivateFile(folder.path() / name, text), berth::testing::IsOk());
    return (folder.path() / name).string();
  }
};

}  // namespace berth::cli::testing
