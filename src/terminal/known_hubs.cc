#include "terminal/known_hubs.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/config.h"
#include "base/private_file.h"

namespace berth::terminal {
namespace {

constexpr std::size_t kMaxFile = 256 * 1024;

bool IsHex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// A TOML string.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted + '"';
}

/// Whether `text` has the form of an API token: bt_ID_SECRET.
bool IsApiToken(std::string_view text) {
  constexpr std::size_t kId = 16;
  constexpr std::size_t kSecret = 64;
  if (!text.starts_with("bt_")) return false;
  text.remove_prefix(3);
  return text.size() == kId + 1 + kSecret && text[kId] == '_' && IsHex(text.substr(0, kId)) &&
         IsHex(text.substr(kId + 1));
}

}  // namespace

Result<KnownHubs> ReadKnownHubs(const std::filesystem::path& file) {
  auto text = ReadPrivateFile(file, kMaxFile);
  if (!text && text.error().kind == ErrorKind::kNotFound) return KnownHubs{};
  if (!text) return std::move(text).error();
  // The parser's own words may quote a token.
  const Error broken = Invalid(fmt::format(
      "{} is not as `berth login` writes it; delete it, then run that again", file.string()));
  auto parsed = ParseConfig(*text, file.string());
  if (!parsed) return broken;
  KnownHubs hubs;
  for (const ConfigEntry& entry : parsed->entries) {
    if (entry.is_list || entry.values.size() != 1) return broken;
    const std::string& value = entry.values.front();
    if (entry.section.empty() && entry.key == "current") {
      hubs.current = value;
    } else if (!entry.section.empty() && entry.key == "token" && IsApiToken(value)) {
      hubs.tokens[entry.section] = Secret(value);
    } else {
      return broken;
    }
  }
  if (!hubs.tokens.contains(hubs.current)) hubs.current.clear();
  return hubs;
}

Result<void> WriteKnownHubs(const std::filesystem::path& file, const KnownHubs& hubs) {
  std::string text = "# Written by `berth login`. The tokens are for you alone.\n";
  if (!hubs.current.empty()) text += fmt::format("current = {}\n", Quoted(hubs.current));
  for (const auto& [url, token] : hubs.tokens) {
    text += fmt::format("\n[{}]\ntoken = {}\n", Quoted(url), Quoted(token.Reveal()));
  }
  return WritePrivateFile(file, text);
}

Result<Secret> ReadApiToken(std::string_view text) {
  while (!text.empty() && std::string_view(" \t\r\n").contains(text.back())) text.remove_suffix(1);
  while (!text.empty() && std::string_view(" \t\r\n").contains(text.front())) text.remove_prefix(1);
  if (IsApiToken(text)) return Secret(text);
  if (text.empty()) return Invalid("there is no token");
  if (text.starts_with("ao_")) {
    return Invalid("that is an agent's token; an API token begins with bt_");
  }
  return Invalid("that is no API token; one looks like bt_0123456789abcdef_...");
}

}  // namespace berth::terminal
