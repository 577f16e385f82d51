#include "net/url.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/text.h"

namespace berth::net {

std::uint16_t DefaultPort(std::string_view scheme) {
  return scheme == "https" || scheme == "wss" ? 443 : 80;
}

Result<Url> SplitUrl(std::string_view text) {
  const auto refuse = [text](std::string_view why) {
    return Invalid(fmt::format("\"{}\" {}", ForLog(text), why));
  };
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0) return refuse("is no URL");
  const std::string_view rest = text.substr(colon + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    // Not to be shown: it may be a password.
    return Invalid(fmt::format("the URL of \"{}\" has a user or a password; leave it out",
                               ForLog(authority.substr(at + 1))));
  }
  const bool is_plain =
      std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f && c != '\\'; });
  if (!is_plain) return refuse("holds characters that it must not hold");
  Url url{.scheme = ToLower(text.substr(0, colon)),
          .authority = std::string(authority),
          .place = {},
          .target = std::string(rest.substr(authority.size()))};
  auto place = ParseHostPort(authority, DefaultPort(url.scheme));
  if (!place) return std::move(place).error();
  if (place->host.empty()) return refuse("names no host");
  if (place->host.contains(':') && !authority.starts_with('[')) {
    return refuse("has an IPv6 address without brackets");
  }
  if (place->port == 0) return refuse("has the port 0");
  url.place = *std::move(place);
  return url;
}

}  // namespace berth::net
