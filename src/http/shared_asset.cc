#include "http/shared_asset.h"

#include "base/encoding.h"
#include "http/list.h"

namespace berth::http {
namespace {

/// Whether Vary names nothing but what the agent's own work depends on: the coding, and the kind of
/// script. The instance's answer is the same for everybody then.
bool VariesByOurWorkOnly(const Fields& fields) {
  for (const auto& [name, value] : fields) {
    if (name != "vary") continue;
    for (const std::string_view one : ListMembers(value)) {
      const bool is_ours = EqualsIgnoreCase(one, "accept-encoding") ||
                           EqualsIgnoreCase(one, "sec-fetch-dest") ||
                           EqualsIgnoreCase(one, "service-worker");
      if (!one.empty() && !is_ours) return false;
    }
  }
  return true;
}

/// Whether Cache-Control has this directive, with or without an argument.
bool HasDirective(const Fields& fields, std::string_view directive) {
  for (const auto& [name, value] : fields) {
    if (name != "cache-control") continue;
    for (const std::string_view one : ListMembers(value)) {
      if (EqualsIgnoreCase(TrimOws(one.substr(0, one.find('='))), directive)) return true;
    }
  }
  return false;
}

}  // namespace

bool MayAskForSharedAsset(const RequestHead& request) {
  return request.method == "GET" && !request.is_upgrade() && !request.fields.Has("range") &&
         !request.fields.Has("authorization") && request.target.find('?') == std::string::npos;
}

bool IsSharedAsset(const ResponseHead& response) {
  const Fields& fields = response.fields;
  if (response.status != 200) return false;
  if (!HasDirective(fields, "immutable") || fields.Has("set-cookie")) return false;
  for (const auto forbidden : {"private", "no-store", "no-cache"}) {
    if (HasDirective(fields, forbidden)) return false;
  }
  return VariesByOurWorkOnly(fields);
}

std::string AssetDigest(std::string_view bytes) { return HexEncode(Sha256(bytes)); }

std::string AssetHint(std::string_view digest) { return HexEncode(Sha256(digest)).substr(0, 32); }

}  // namespace berth::http
