#include "base/config.h"

#include <fmt/format.h>
// As Debian builds the library.
#define TOML_HEADER_ONLY 0
#define TOML_SHARED_LIB 1
#include <toml++/toml.h>

#include <algorithm>
#include <optional>

#include "base/log.h"
#include "base/private_file.h"
#include "base/text.h"

namespace berth {
namespace {

constexpr std::size_t kMaxFile = 1024 * 1024;

std::optional<std::string> ScalarText(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "on" : "off";
  return std::nullopt;
}

int LineOf(const toml::node& node) { return static_cast<int>(node.source().begin.line); }

Result<ConfigEntry> ToEntry(std::string_view section, std::string_view key,
                            const toml::node& node) {
  ConfigEntry entry{.section = std::string(section),
                    .key = std::string(key),
                    .values = {},
                    .is_list = node.is_array(),
                    .line = LineOf(node)};
  if (const auto* array = node.as_array()) {
    for (const toml::node& item : *array) {
      auto text = ScalarText(item);
      if (!text) return Invalid("a list may hold text, whole numbers and booleans only");
      entry.values.push_back(*std::move(text));
    }
    return entry;
  }
  auto text = ScalarText(node);
  if (!text) return Invalid("expected text, a whole number, true, false or a list");
  entry.values.push_back(*std::move(text));
  return entry;
}

Result<void> Collect(std::string_view section, const toml::table& table, ConfigFile& file) {
  for (const auto& [key, node] : table) {
    if (const auto* inner = node.as_table(); inner != nullptr && section.empty()) {
      auto collected = Collect(key.str(), *inner, file);
      if (!collected) return collected;
      continue;
    }
    auto entry = ToEntry(section, key.str(), node);
    if (!entry) {
      return Invalid(fmt::format("{}:{}: {}: {}", file.name, LineOf(node), ForLog(key.str()),
                                 entry.error().message));
    }
    file.entries.push_back(*std::move(entry));
  }
  return Ok();
}

Result<void> ApplyLimit(const LimitRow& row, std::string_view text, Limits& limits) {
  if (row.is_duration) {
    auto duration = ParseDuration(text);
    if (!duration) return std::move(duration).error();
    if (*duration == Limits::Ms::zero()) return Invalid("must be more than zero");
    limits.*row.duration = *duration;
    return Ok();
  }
  auto size = ParseSize(text);
  if (!size) return std::move(size).error();
  if (*size == 0 && !row.may_be_zero) return Invalid("must be more than zero");
  if (row.most != 0 && *size > row.most) {
    return Invalid(fmt::format("must be {} at most", row.most));
  }
  limits.*row.size = *size;
  return Ok();
}

}  // namespace

std::string ConfigFile::PlaceOf(const ConfigEntry& entry) const {
  return fmt::format("{}:{}", name, entry.line);
}

Result<ConfigFile> ParseConfig(std::string_view text, std::string name) {
  ConfigFile file{.name = std::move(name), .entries = {}};
  try {
    const toml::table table = toml::parse(text, file.name);
    auto collected = Collect("", table, file);
    if (!collected) return std::move(collected).error();
  } catch (const toml::parse_error& error) {
    return Invalid(fmt::format("{}:{}: {}", file.name, error.source().begin.line,
                               ForLog(error.description())));
  }
  std::ranges::sort(file.entries, {}, &ConfigEntry::line);
  return file;
}

Result<ConfigFile> ReadConfigFile(const std::filesystem::path& path) {
  auto text = ReadSmallFile(path, kMaxFile);
  if (!text) return std::move(text).error();
  return ParseConfig(*text, path.string());
}

Result<void> ApplyLimits(const ConfigFile& file, Limits& limits) {
  for (const ConfigEntry& entry : file.entries) {
    if (entry.section != "limits") continue;
    const auto row = std::ranges::find(LimitTable(), entry.key, &LimitRow::name);
    if (row == LimitTable().end()) {
      std::vector<std::string_view> names;
      for (const LimitRow& known : LimitTable()) names.push_back(known.name);
      return Invalid(fmt::format("{}: unknown limit \"{}\"{}", file.PlaceOf(entry),
                                 ForLog(entry.key), DidYouMean(entry.key, names)));
    }
    if (entry.is_list) {
      return Invalid(fmt::format("{}: {}: expected one value", file.PlaceOf(entry), entry.key));
    }
    auto applied = ApplyLimit(*row, entry.values.front(), limits);
    if (!applied) {
      return Wrap(std::move(applied).error(),
                  fmt::format("{}: {}", file.PlaceOf(entry), entry.key));
    }
  }
  return Ok();
}

}  // namespace berth
