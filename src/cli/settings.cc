#include "cli/settings.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/log.h"
#include "base/text.h"

namespace berth::cli {
namespace {

std::string VariableName(std::string_view name) {
  std::string variable = "BERTH_";
  for (const char c : name) {
    const bool is_letter = c >= 'a' && c <= 'z';
    variable.push_back(c == '-' ? '_' : is_letter ? static_cast<char>(c - 'a' + 'A') : c);
  }
  return variable;
}

std::string KeyName(std::string_view name) {
  std::string key(name);
  std::ranges::replace(key, '-', '_');
  return key;
}

std::string HelpOf(const Setting& setting) {
  if (setting.variable.empty()) return std::string(setting.help);
  return fmt::format("{}; also {}", setting.help, setting.variable);
}

}  // namespace

void KeepFlags(std::vector<Setting>& rows, std::initializer_list<std::string_view> names) {
  for (Setting& row : rows) {
    const bool is_kept = std::ranges::find(names, row.name) != names.end();
    if (!is_kept && row.source == Source::kAnywhere) row.source = Source::kEnvironmentAndFile;
  }
}

Environment ProcessEnvironment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = ::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

Settings::Settings(std::vector<Setting> rows) {
  for (Setting& row : rows) rows_.push_back({.setting = std::move(row), .flag_values = {}});
}

void Settings::AddFlags(CLI::App& command) {
  for (Row& row : rows_) {
    if (row.setting.source != Source::kAnywhere) continue;
    auto* option = command.add_option("--" + std::string(row.setting.name), row.flag_values,
                                      HelpOf(row.setting));
    option->type_name(std::string(row.setting.value_name))->allow_extra_args(false);
    option->multi_option_policy(row.setting.is_list ? CLI::MultiOptionPolicy::TakeAll
                                                    : CLI::MultiOptionPolicy::Throw);
    if (!row.setting.is_list) option->expected(1);
  }
  command.add_option("--config", config_flag_, "Read further options from this file (TOML)")
      ->type_name("FILE")
      ->allow_extra_args(false)
      ->expected(1);
}

Result<std::vector<Settings::Value>> Settings::FromFile(const ConfigFile& file) const {
  std::vector<std::string> keys;
  for (const Row& row : rows_) {
    if (row.setting.source != Source::kEnvironment) keys.push_back(KeyName(row.setting.name));
  }
  std::vector<std::string_view> names(keys.begin(), keys.end());
  names.emplace_back("limits");

  std::vector<Value> values;
  for (const ConfigEntry& entry : file.entries) {
    const auto row = std::ranges::find_if(rows_, [&](const Row& candidate) {
      return candidate.setting.source != Source::kEnvironment &&
             KeyName(candidate.setting.name) == entry.key;
    });
    if (entry.section == "limits") {
      if (row == rows_.end()) continue;
      return Invalid(fmt::format("{}: \"{}\" is no limit: move it above the line [limits]",
                                 file.PlaceOf(entry), entry.key));
    }
    if (!entry.section.empty()) {
      return Invalid(fmt::format("{}: unknown table \"{}\"{}", file.PlaceOf(entry),
                                 ForLog(entry.section), DidYouMean(entry.section, names)));
    }
    if (entry.key == "limits") {
      return Invalid(
          fmt::format("{}: limits stand in a table, below a line [limits]", file.PlaceOf(entry)));
    }
    if (row == rows_.end()) {
      return Invalid(fmt::format("{}: unknown key \"{}\"{}", file.PlaceOf(entry), ForLog(entry.key),
                                 DidYouMean(entry.key, names)));
    }
    const std::string place = fmt::format("{}: {}", file.PlaceOf(entry), entry.key);
    if (entry.is_list && !row->setting.is_list) {
      return Invalid(fmt::format("{}: expected one value", place));
    }
    if (entry.values.empty()) {
      return Invalid(fmt::format("{}: the list is empty; leave it out instead", place));
    }
    values.push_back({.row = &*row, .place = place, .texts = entry.values});
  }
  return values;
}

std::optional<Settings::Value> Settings::FromEnvironment(const Row& row,
                                                         const Environment& environment) const {
  for (const std::string& name :
       {VariableName(row.setting.name), std::string(row.setting.variable)}) {
    if (name.empty()) continue;
    const auto text = environment(name);
    if (!text || text->empty()) continue;
    std::vector<std::string> texts{*text};
    if (row.setting.is_list) texts = SplitList(*text);
    if (texts.empty()) texts.emplace_back();  // "," alone: the setter says what is wrong with it.
    return Value{.row = &row, .place = name, .texts = std::move(texts)};
  }
  return std::nullopt;
}

Result<void> Settings::Resolve(const Environment& environment, Limits& limits) {
  std::vector<Value> from_file;
  std::string config =
      config_flag_.empty() ? environment("BERTH_CONFIG").value_or("") : config_flag_.front();
  if (config.empty() && !config_flag_.empty()) return Invalid("--config: must not be empty");
  if (!config.empty()) {
    auto file = ReadConfigFile(config);
    if (!file) return std::move(file).error();
    auto values = FromFile(*file);
    if (!values) return std::move(values).error();
    from_file = *std::move(values);
    auto applied = ApplyLimits(*file, limits);
    if (!applied) return applied;
  }
  std::vector<Value> from_environment;
  std::vector<Value> from_flags;
  for (const Row& row : rows_) {
    if (!row.flag_values.empty()) {
      from_flags.push_back(
          {.row = &row, .place = fmt::format("--{}", row.setting.name), .texts = row.flag_values});
    } else if (auto value = FromEnvironment(row, environment)) {
      from_environment.push_back(*std::move(value));
    }
  }
  // A weaker source's value is not even looked at.
  std::erase_if(from_file, [&](const Value& value) {
    const auto is_same = [&](const Value& other) { return other.row == value.row; };
    return std::ranges::any_of(from_environment, is_same) ||
           std::ranges::any_of(from_flags, is_same);
  });
  for (const auto* values : {&from_file, &from_environment, &from_flags}) {
    for (const Value& value : *values) {
      for (const std::string& text : value.texts) {
        auto done = value.row->setting.set(text);
        if (!done) return Wrap(std::move(done).error(), value.place);
      }
    }
  }
  return Ok();
}

}  // namespace berth::cli
