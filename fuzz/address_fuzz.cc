// Hosts, origins, paths and queries, as browsers and people write them. Properties: what is one of
// ours is spelled in one way, what routes holds no byte that another reader would split at, and
// what is written again reads the same.
#include <algorithm>
#include <cstdint>

#include "base/check.h"
#include "http/fields.h"
#include "http/grammar.h"
#include "http/query.h"
#include "http/reserved_path.h"
#include "hub/hosts.h"
#include "hub/proxy_path.h"
#include "net/address.h"
#include "net/proxy_settings.h"

namespace berth {
namespace {

void CheckHosts(std::string_view text) {
  static const auto hosts =
      *hub::Hosts::Create(*hub::ParseOrigin("https://hub.test:8443"), "apps.test:8443", true);
  const hub::HostMatch match = hosts.Match(text);
  if (match.kind != hub::HostKind::kUnknown && http::IsAuthority(text)) {
    // Browsers write the origin of a page there in this one way, which is a place of ours as well.
    const std::string origin = hosts.OriginOf(text);
    auto parsed = hub::ParseOrigin(origin);
    CHECK(parsed.has_value() && parsed->ToString() == origin);
    CHECK(hosts.Match(parsed->authority()).kind == match.kind);
  }
  if (match.kind == hub::HostKind::kInstance) {
    CHECK(hub::IsInstanceLabel(match.instance_id));
    CHECK(http::EqualsIgnoreCase(text.substr(0, match.instance_id.size()), match.instance_id));
  }
  if (auto origin = hub::ParseOrigin(text)) {
    auto again = hub::ParseOrigin(origin->ToString());
    CHECK(again.has_value() && again->ToString() == origin->ToString());
  }
}

void CheckPaths(std::string_view text) {
  const auto path = hub::ParseProxyPath(text);
  if (!path) return;
  CHECK(!path->instance_id.empty() && !path->instance_id.contains('/'));
  CHECK(text.starts_with(path->prefix));
  CHECK(path->rest.empty() || path->rest.front() == '/');
  CHECK(path->prefix.ends_with("/proxy"));
  if (http::IsOriginForm(text) && !http::HasForbiddenEscape(path->prefix)) {
    const auto plain = http::UnescapeQuery(path->instance_id);
    CHECK(plain.has_value());
    for (const char c : *plain) CHECK(c != '\0' && c != '\r' && c != '\n');
    // '+' is a space to the reader of queries alone, and neither routes.
    const auto slashes = std::ranges::count_if(*plain, [](char c) { return c == '/'; });
    CHECK(slashes == 0);
  }
}

void CheckQueries(std::string_view text) {
  CHECK(http::UnescapeQuery(http::EscapeQuery(text)) == text);
  const std::string query = "a=" + http::EscapeQuery(text) + "&b=1";
  CHECK(http::QueryParameter(query, "a") == text);
  CHECK(http::QueryParameter(query, "b") == "1");
  (void)http::QueryParameter(text, "a");
  // Whatever follows the reserved prefix, it is found, but for what leads out of it again: dots,
  // escaped ones too.
  CHECK(http::IsReservedPath("/.berth/" + std::string(text.substr(0, text.find_first_of(".%")))));
  CHECK(!http::IsReservedPath("/x/" + http::EscapeQuery(text.substr(0, text.find('.')))));
}

void CheckPlaces(std::string_view text) {
  if (auto place = net::ParseHostPort(text, 80)) {
    if (place->host.empty()) return;
    auto again = net::ParseHostPort(place->ToString());
    CHECK(again.has_value() && *again == *place);
  }
  if (auto proxy = net::Proxy::Parse(text)) CHECK(!proxy->address.host.empty());
  (void)net::NoProxyRules::Parse(text).Matches({"host.example.test", 443});
}

}  // namespace
}  // namespace berth

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  berth::CheckHosts(text);
  berth::CheckPaths(text);
  berth::CheckQueries(text);
  berth::CheckPlaces(text);
  return 0;
}
