// What the rows of the two option tables share: setters, and values of one kind.
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/text.h"
#include "cli/settings.h"
#include "net/url.h"

namespace berth::cli {

using Setter = std::function<Result<void>(std::string_view)>;

/// A setter that stores what `parse(text)` gives.
template <class T, class Parse>
Setter Into(T& target, Parse parse) {
  return [&target, parse](std::string_view text) -> Result<void> {
    auto value = parse(text);
    if (!value) return std::move(value).error();
    target = *std::move(value);
    return Ok();
  };
}

/// A setter for one of a few words.
template <class E>
Setter Choice(E& target, std::vector<std::pair<std::string_view, E>> choices) {
  return [&target, choices = std::move(choices)](std::string_view text) -> Result<void> {
    std::vector<std::string_view> names;
    for (const auto& [name, value] : choices) {
      if (name == text) {
        target = value;
        return Ok();
      }
      names.push_back(name);
    }
    return Invalid(fmt::format("\"{}\" is not one of {}{}", ForLog(text), fmt::join(names, ", "),
                               DidYouMean(text, names)));
  };
}

/// A setter for a list: one item in each text, which may hold commas.
Setter AppendTo(std::vector<std::string>& list);
/// The same for items that hold no commas, as names at GitHub: several in one text, with commas.
Setter AppendEachTo(std::vector<std::string>& list);

/// kInvalid if it is empty.
Result<std::filesystem::path> ParsePath(std::string_view text);

/// The text of a small file, without white space around it. kInvalid: it cannot be read, and the
/// message says why, or is empty or over 4 KiB.
Result<Secret> ReadSecretFile(std::string_view path);

/// A PEM file of authorities, looked into.
Result<std::string> ParseAuthorityFile(std::string_view text);

/// The SHA-256 of a hub's public key, "sha256/" and its base64.
Result<Sha256Digest> ParseHubPin(std::string_view text);

/// What a hub's URL looks like, for ParseUrl().
inline constexpr std::string_view kHubExample = "https://hub.example.org";

/// A URL without query and fragment; its host in lower case, its path without slashes at the end.
/// kInvalid quotes the text and says what is expected, by an example.
Result<net::Url> ParseUrl(std::string_view text, std::string_view example);

/// "http(s)://host[:port]", from the same with or without a trailing slash.
Result<std::string> NormalizeOrigin(std::string_view text, std::string_view example);

}  // namespace berth::cli
