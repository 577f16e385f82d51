#include "rewrite/location.h"

#include <algorithm>
#include <array>
#include <optional>

#include "http/cookie.h"
#include "rewrite/policy.h"

namespace berth::rewrite {
namespace {

using http::EqualsIgnoreCase;
using http::Fields;

constexpr std::array<std::string_view, 8> kReferences = {"location",
                                                         "content-location",
                                                         "sourcemap",
                                                         "x-sourcemap",
                                                         "link",
                                                         "refresh",
                                                         "content-security-policy",
                                                         "content-security-policy-report-only"};
constexpr std::array<std::string_view, 4> kLedBack = {"location", "content-location", "link",
                                                      "refresh"};

template <std::size_t N>
bool IsOneOf(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::ranges::find(names, name) != names.end();
}

/// The value of a field of kReferences with every URL as `fix` has it.
std::string FixField(const Fields::Field& field, const UrlFix& fix) {
  if (field.name == "link") return FixLink(field.value, fix);
  if (field.name == "refresh") return FixRefresh(field.value, fix);
  if (field.name.starts_with("content-security")) return FixReportUris(field.value, fix);
  return fix(field.value);
}

/// What follows the authority of an absolute URL at one of the own authorities, from its slash on;
/// nothing for others.
std::optional<std::string> OwnPath(std::string_view url, const Addresses& addresses) {
  const std::size_t slashes = url.find("//");
  const std::string_view scheme = url.substr(0, slashes);
  if (slashes == std::string_view::npos || !(scheme.empty() || EqualsIgnoreCase(scheme, "http:") ||
                                             EqualsIgnoreCase(scheme, "https:"))) {
    return std::nullopt;
  }
  std::string_view rest = url.substr(slashes + 2);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  const auto has_it = [authority](const std::vector<std::string>& list) {
    return std::ranges::any_of(
        list, [authority](const auto& each) { return EqualsIgnoreCase(each, authority); });
  };
  const bool is_own = addresses.own_authorities && has_it(*addresses.own_authorities);
  if (!is_own && !has_it(addresses.public_authorities)) return std::nullopt;
  rest.remove_prefix(authority.size());
  return rest.starts_with('/') ? std::string(rest) : "/" + std::string(rest);
}

/// A URL at one of the own authorities as root-relative. Others stay.
std::string WithoutAuthority(std::string_view url, const Addresses& addresses) {
  const auto path = OwnPath(url, addresses);
  if (!path) return std::string(url);
  // "//..." and its other spellings would name another host; the dot keeps it a path.
  const bool is_host = path->find_first_of("/\\\t", 1) == 1;
  return is_host ? "/." + *path : *path;
}

}  // namespace

std::string FixUrl(std::string_view url, const Addresses& addresses) {
  const auto path = OwnPath(url, addresses);
  if (!path) return FixReference(url, addresses.prefix);
  // What else is to stay is "//...", which alone would name another host.
  const bool is_under_it =
      path->starts_with(addresses.prefix) && JudgeWhole(*path, addresses.prefix) == Verdict::kKeep;
  return is_under_it ? *path : UnderPrefix(*path, addresses.prefix);
}

std::string FixLink(std::string_view link, const UrlFix& fix) {
  std::string fixed;
  bool is_quoted = false;
  for (std::size_t at = 0; at < link.size(); ++at) {
    fixed += link[at];
    if (is_quoted && link[at] == '\\' && at + 1 < link.size()) {
      fixed += link[++at];
    } else if (link[at] == '"') {
      is_quoted = !is_quoted;
    } else if (link[at] == '<' && !is_quoted) {
      const std::size_t end = link.find('>', at);
      if (end == std::string_view::npos) return fixed.append(link.substr(at + 1));
      fixed.append(fix(link.substr(at + 1, end - at - 1)));
      at = end - 1;
    }
  }
  return fixed;
}

std::string FixCookiePath(std::string_view set_cookie, std::string_view prefix) {
  const auto path = http::CookieAttribute(set_cookie, "path");
  if (!path || JudgeWhole(*path, prefix) != Verdict::kPrefix) return std::string(set_cookie);
  std::string fixed = http::WithoutCookieAttribute(set_cookie, "path");
  return fixed.append("; Path=").append(prefix).append(*path);
}

void LeadBack(Fields& fields, const Addresses& addresses) {
  const UrlFix fix = [&](std::string_view url) { return WithoutAuthority(url, addresses); };
  std::vector<std::pair<std::string, std::string>> references;
  for (const auto& field : fields) {
    if (IsOneOf(field.name, kLedBack)) references.emplace_back(field.name, FixField(field, fix));
  }
  if (references.empty()) return;
  fields.RemoveIf([](const Fields::Field& field) { return IsOneOf(field.name, kLedBack); });
  for (const auto& [name, value] : references) fields.Add(name, value);
}

void RewriteFields(Fields& fields, const Addresses& addresses) {
  const UrlFix fix = [&](std::string_view url) { return FixUrl(url, addresses); };
  std::vector<std::pair<std::string, std::string>> references;
  bool has_scope = false;
  for (const auto& field : fields) {
    if (IsOneOf(field.name, kReferences)) {
      references.emplace_back(field.name, FixField(field, fix));
    } else if (field.name == "set-cookie") {
      references.emplace_back(field.name, FixCookiePath(field.value, addresses.prefix));
    }
    has_scope = has_scope || field.name == "service-worker-allowed";
  }
  fields.RemoveIf([](const Fields::Field& field) {
    return IsOneOf(field.name, kReferences) || field.name == "set-cookie" ||
           field.name.starts_with("access-control-") || field.name == "service-worker-allowed";
  });
  for (const auto& [name, value] : references) fields.Add(name, value);
  // A worker may control the instance's pages, wherever its script lies, and nothing else.
  if (has_scope) fields.Add("service-worker-allowed", addresses.prefix + "/");
}

}  // namespace berth::rewrite
