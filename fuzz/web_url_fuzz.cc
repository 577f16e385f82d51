// Addresses of other web servers: of sign-in providers, their endpoints, and where notifications
// go. Properties: what is accepted names one host, is encrypted unless it stays on this machine,
// and means the same when it is written down and read again.
#include <algorithm>
#include <cstdint>

#include "base/check.h"
#include "http/web.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth;  // NOLINT
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto url = http::ParseWebUrl(text);
  if (!url) {
    CHECK(url.error().kind == ErrorKind::kInvalid);
    return 0;
  }
  const auto is_plain = [](std::string_view part) {
    return std::ranges::all_of(part, [](char c) { return c > 0x20 && c < 0x7f && c != '\\'; });
  };
  CHECK(url->scheme == "https" || (url->scheme == "http" && net::IsLoopbackHost(url->place.host)));
  CHECK(!url->place.host.empty() && is_plain(url->place.host));
  CHECK(url->place.host.find_first_of("/?#@[]") == std::string::npos);
  CHECK(is_plain(url->authority) && url->authority.find_first_of("/?#@") == std::string::npos);
  CHECK(url->target.starts_with('/') && is_plain(url->target) && !url->target.contains('#'));
  // Nothing of the text is lost but the case of the scheme and a missing "/".
  CHECK(text.substr(url->scheme.size() + 3).starts_with(url->authority));
  const auto again = http::ParseWebUrl(url->scheme + "://" + url->authority + url->target);
  CHECK(again && again->scheme == url->scheme && again->authority == url->authority);
  CHECK(again->place == url->place && again->target == url->target);
  return 0;
}
