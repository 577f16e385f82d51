#include "agent/own_script.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/text.h"

namespace berth::agent {
namespace {

/// Which browsers send on trustworthy origins, and no page can change.
constexpr std::array<std::string_view, 3> kFetchMetadata = {"sec-fetch-site", "sec-fetch-mode",
                                                            "sec-fetch-dest"};

bool IsOfOwnScript(const http::Fields& fields) {
  if (std::ranges::any_of(kFetchMetadata, [&](auto name) { return fields.Count(name) > 1; })) {
    return false;
  }
  const auto mode = fields.Find("sec-fetch-mode").value_or("cors");
  return fields.Find("sec-fetch-site") == "same-origin" &&
         (mode == "cors" || mode == "same-origin") &&
         fields.Find("sec-fetch-dest").value_or("empty") == "empty" && !fields.Has("sec-purpose");
}

/// What is as good without Fetch Metadata: nothing that is to be shown as a page, from an address
/// of the instance.
bool IsFromOwnAddress(const http::Fields& fields) {
  for (const char* name : {"accept", "origin", "referer"}) {
    if (fields.Count(name) > 1) return false;
  }
  if (ToLower(fields.Find("accept").value_or("")).find("text/html") != std::string::npos) {
    return false;
  }
  const std::string own = fmt::format("{}://{}", fields.Find("x-forwarded-proto").value_or(""),
                                      fields.Find("x-forwarded-host").value_or(""));
  if (const auto origin = fields.Find("origin"); origin && *origin != own) return false;
  const auto referer = fields.Find("referer");
  return referer && referer->starts_with(
                        fmt::format("{}{}/", own, fields.Find("x-forwarded-prefix").value_or("")));
}

}  // namespace

bool IsAskedByOwnScript(const http::RequestHead& head) {
  const http::Fields& fields = head.fields;
  if (std::ranges::any_of(kFetchMetadata, [&](auto name) { return fields.Has(name); })) {
    return IsOfOwnScript(fields);
  }
  const bool is_browser = fields.Find("user-agent").value_or("").starts_with("Mozilla/");
  return !is_browser || IsFromOwnAddress(fields);
}

}  // namespace berth::agent
