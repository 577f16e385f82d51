// Cookies of browsers and of instances. Properties: what a browser keeps of its cookies is, byte
// for byte, what it sent without ours; no cookie of an instance reads as one of ours, has a Domain,
// or leaves its instance's path.
#include <algorithm>
#include <cstdint>

#include "base/check.h"
#include "http/cookie.h"
#include "http/header_rules.h"
#include "hub/proxy_path.h"
#include "identity/session_cookie.h"

namespace berth {
namespace {

constexpr std::string_view kOwn = "own";

/// The parts of a Cookie value, trimmed, that are not cookies of ours.
std::vector<std::string_view> OthersOf(std::string_view cookies) {
  std::vector<std::string_view> parts;
  while (!cookies.empty()) {
    const std::size_t end = std::min(cookies.find(';'), cookies.size());
    const std::string_view part = http::TrimOws(cookies.substr(0, end));
    const std::string_view name =
        http::TrimOws(part.substr(0, std::min(part.find('='), part.size())));
    if (!part.empty() && name != kOwn) parts.push_back(part);
    cookies.remove_prefix(std::min(end + 1, cookies.size()));
  }
  return parts;
}

void CheckRequest(std::string_view text) {
  http::Fields fields;
  fields.Add("cookie", text);
  http::RemoveCookies(fields, {kOwn});
  CHECK(!http::FindCookie(fields, kOwn));
  CHECK(OthersOf(fields.Find("cookie").value_or("")) == OthersOf(text));
  http::Fields twice;
  twice.Add("cookie", text);
  if (const auto value = http::FindCookie(twice, kOwn)) CHECK(text.contains(*value));
  for (const auto kind : {identity::CookieKind::kHub, identity::CookieKind::kInstance}) {
    const auto cookie = identity::PresentedCookie(twice, kind, identity::Scheme::kHttp);
    CHECK(!cookie || cookie->find_first_of(" ;,=\"") == std::string_view::npos);
  }
}

void CheckResponse(std::string_view text) {
  constexpr std::string_view kPrefix = "/clients/x/proxy";
  http::Fields fields;
  fields.Add("set-cookie", text);
  http::RemoveDangerous(fields, {kOwn});
  const auto kept = fields.Find("set-cookie");
  if (!kept) return;
  CHECK(!http::CookieAttribute(*kept, "domain"));
  const auto confined = hub::ConfineCookie(*kept, kPrefix);
  if (!confined) return;
  CHECK(http::CookieAttribute(*confined, "path").value_or("").starts_with(kPrefix));
  // What a browser makes of it (RFC 6265bis, section 5.6) and sends back is not ours.
  std::string_view pair = std::string_view(*confined).substr(0, confined->find(';'));
  const std::size_t equals = pair.find('=');
  std::string sent(http::TrimOws(pair));
  if (equals != std::string_view::npos) {
    const std::string_view name = http::TrimOws(pair.substr(0, equals));
    const std::string_view value = http::TrimOws(pair.substr(equals + 1));
    sent = name.empty() ? std::string(value) : fmt::format("{}={}", name, value);
  }
  http::Fields back;
  back.Add("cookie", sent);
  CHECK(!http::FindCookie(back, kOwn));
}

}  // namespace
}  // namespace berth

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.find_first_of("\r\n") != std::string_view::npos || text.contains('\0')) return 0;
  berth::CheckRequest(text);
  berth::CheckResponse(text);
  return 0;
}
