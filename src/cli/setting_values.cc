#include "cli/setting_values.h"

#include "base/private_file.h"
#include "base/trim.h"
#include "cli/options.h"
#include "net/tls.h"

namespace berth::cli {

namespace {

/// Nobody named is not everybody: a list of who may come in must not be lost on its way here.
Error NamesNothing() { return Invalid("names nothing; name somebody, or leave it out"); }

}  // namespace

Setter AppendTo(std::vector<std::string>& list) {
  return [&list](std::string_view text) -> Result<void> {
    if (text.find_first_not_of(" \t") == std::string_view::npos) return NamesNothing();
    list.emplace_back(text);
    return Ok();
  };
}

Setter AppendEachTo(std::vector<std::string>& list) {
  return [&list](std::string_view text) -> Result<void> {
    auto parts = SplitList(text);
    if (parts.empty()) return NamesNothing();
    for (std::string& part : parts) list.push_back(std::move(part));
    return Ok();
  };
}

Result<std::filesystem::path> ParsePath(std::string_view text) {
  if (text.empty()) return Invalid("must not be empty");
  return std::filesystem::path(text);
}

Result<Secret> ReadSecretFile(std::string_view path) {
  constexpr std::size_t kMaxSecret = 4096;
  auto text = ReadSmallFile(path, kMaxSecret);
  if (!text) return Invalid(text.error().message);
  const std::string_view secret = Trim(*text);
  if (secret.empty()) return Invalid(fmt::format("{} is empty", ForLog(path)));
  return Secret(secret);
}

Result<std::string> ParseAuthorityFile(std::string_view text) {
  if (text.empty()) return Invalid("must not be empty");
  const std::string file(text);
  auto usable = net::TlsClient::Create({.authority_file = file});
  if (!usable) return std::move(usable).error();
  return file;
}

Result<Sha256Digest> ParseHubPin(std::string_view text) {
  auto pin = net::ParsePinnedKey(text);
  if (pin) return pin;
  return Invalid(fmt::format(
      "\"{}\" is no pin; write sha256/ and the base64 of the SHA-256 of the hub's public key",
      ForLog(text)));
}

Result<net::Url> ParseUrl(std::string_view text, std::string_view example) {
  auto url = net::SplitUrl(text);
  if (!url) return Invalid(fmt::format("{}; write {}", url.error().message, example));
  if (url->target.find_first_of("?#") != std::string::npos) {
    return Invalid(fmt::format("\"{}\" has a query or a fragment; leave it out", ForLog(text)));
  }
  url->authority = ToLower(url->authority);
  while (url->target.ends_with('/')) url->target.pop_back();
  return url;
}

Result<std::string> NormalizeOrigin(std::string_view text, std::string_view example) {
  auto url = ParseUrl(text, example);
  if (!url) return std::move(url).error();
  if (url->scheme != "http" && url->scheme != "https") {
    return Invalid(fmt::format("\"{}\" is neither http nor https", ForLog(text)));
  }
  if (!url->target.empty()) {
    return Invalid(
        fmt::format("\"{}\" has a path; only scheme, host and port can be given", ForLog(text)));
  }
  return fmt::format("{}://{}", url->scheme, url->authority);
}

}  // namespace berth::cli
