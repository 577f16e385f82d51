#include "agent/enrolled_token.h"

#include <fmt/format.h>

#include "agent/state_folder.h"
#include "agent/token_source.h"
#include "base/private_file.h"

namespace berth::agent {
namespace {

constexpr std::string_view kFileName = "token";

}  // namespace

std::filesystem::path EnrolledTokenFile(const EnrolledAs& as) {
  return HubFolder(as.state, as.client_id, as.hub_url) / kFileName;
}

Result<void> KeepEnrolledToken(const EnrolledAs& as, const Secret& token) {
  const Secret line(fmt::format("{}\n", token.Reveal()));
  return WritePrivateFile(EnrolledTokenFile(as), line.Reveal());
}

Result<EnrolledToken> FindEnrolledToken(const EnrolledAs& as, bool is_default_id) {
  auto token = ReadTokenFile(EnrolledTokenFile(as));
  std::string client_id = as.client_id;
  if (!token && token.error().kind == ErrorKind::kNotFound && is_default_id) {
    auto ids = IdsWithHubFile(as.state, as.hub_url, kFileName);
    if (ids.size() > 1) {
      return Conflict(
          fmt::format("several ids of this machine are enrolled at {}; say which one: "
                      "--id {}",
                      as.hub_url, fmt::join(ids, ", or --id ")));
    }
    if (ids.size() == 1) {
      client_id = std::move(ids.front());
      token = ReadTokenFile(
          EnrolledTokenFile({.state = as.state, .hub_url = as.hub_url, .client_id = client_id}));
    }
  }
  if (!token) return std::move(token).error();
  return EnrolledToken{.client_id = std::move(client_id), .token = std::move(*token)};
}

}  // namespace berth::agent
