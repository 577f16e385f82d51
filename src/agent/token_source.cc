#include "agent/token_source.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/watch.h"
#include "base/encoding.h"
#include "base/private_file.h"
#include "base/text.h"
#include "base/trim.h"

namespace berth::agent {
namespace {

constexpr std::size_t kMaxFile = 4096;
constexpr std::size_t kMaxToken = 512;

}  // namespace

Result<Secret> ParseToken(std::string_view text) {
  // For a hub it would be a wrong token, and soon too many of them.
  if (text.starts_with("bt_")) {
    return Invalid(
        "that is an API token; an agent's begins with ao_: berth agent enroll, or berth token "
        "create");
  }
  // Our own hub says what it thinks of this one.
  const bool is_plain = std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
  if (text.empty() || text.size() > kMaxToken || !is_plain) {
    return Invalid("that is no token; a token looks like ao_0123456789abcdef_...");
  }
  return Secret(text);
}

Result<Secret> ReadTokenFile(const std::filesystem::path& file) {
  auto text = ReadPrivateFile(file, kMaxFile);
  if (!text) return std::move(text).error();
  const std::string_view written = Trim(*text);
  if (written.empty()) return Invalid(file.string() + " is empty");
  auto token = ParseToken(written);
  if (!token) return Wrap(std::move(token).error(), file.string());
  return token;
}

Task<Secret> AwaitOtherToken(Worker& worker, Executor& executor, std::filesystem::path file,
                             const Secret& present) {
  return AwaitNews(
      worker, executor, "other token", [file = std::move(file)] { return ReadTokenFile(file); },
      [&present](const Secret& token) { return token.Reveal() != present.Reveal(); });
}

std::string HubFlags(std::string_view hub_url, std::string_view client_id,
                     const net::TlsClient::Options& tls) {
  // A path by itself is refused: it could be a page's.
  const bool has_path = hub_url.find('/', hub_url.find("//") + 2) != std::string_view::npos;
  std::string flags =
      " --hub " + ShellWord(fmt::format("{}{}", hub_url, has_path ? "/ws/connect" : ""));
  if (!client_id.empty()) flags += fmt::format(" --id {}", client_id);
  if (!tls.authority_file.empty()) flags += " --hub-ca " + ShellWord(tls.authority_file);
  if (tls.pinned_key) flags += " --hub-pin sha256/" + Base64Encode(*tls.pinned_key);
  return flags;
}

std::string HowToReplace(const TokenSource& source, std::string_view flags) {
  switch (source.kind) {
    case TokenSource::Kind::kGiven:
      break;
    case TokenSource::Kind::kFile:
      return fmt::format("put a new one into {}, and it is used at once", source.file.string());
    case TokenSource::Kind::kEnrolled:
      return fmt::format("get a new one, which is used at once: berth agent enroll{}", flags);
  }
  return "start the agent again with a new one";
}

}  // namespace berth::agent
