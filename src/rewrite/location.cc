#include "rewrite/location.h"

#include <algorithm>
#include <array>
#include <optional>

#include "http/cookie.h"
#include "rewrite/url.h"

namespace berth::rewrite {
namespace {

using http::EqualsIgnoreCase;
using http::Fields;

constexpr std::array<std::string_view, 4> kUrlFields = {"location", "content-location", "sourcemap",
                                                        "x-sourcemap"};

bool IsReferenceField(std::string_view name) {
  return std::ranges::find(kUrlFields, name) != kUrlFields.end() || name == "link" ||
         name == "refresh" || name == "set-cookie";
}

std::string FixField(const Fields::Field& field, const Addresses& addresses) {
  if (field.name == "link") return FixLink(field.value, addresses);
  if (field.name == "set-cookie") return FixCookiePath(field.value, addresses.prefix);
  if (field.name == "refresh") return FixRefresh(field.value, addresses.prefix);
  return FixUrl(field.value, addresses);
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

}  // namespace

std::string FixUrl(std::string_view url, const Addresses& addresses) {
  const auto path = OwnPath(url, addresses);
  if (!path) return FixReference(url, addresses.prefix);
  if (JudgeWhole(*path, addresses.prefix) == Verdict::kKeep) {
    // Under the prefix already, or "//...", which alone would name another host.
    return path->starts_with(addresses.prefix) ? *path : addresses.prefix + *path;
  }
  return addresses.prefix + *path;
}

std::string FixLink(std::string_view link, const Addresses& addresses) {
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
      fixed.append(FixUrl(link.substr(at + 1, end - at - 1), addresses));
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
  for (const auto name : {"location", "content-location"}) {
    const auto url = fields.Find(name);
    const auto path = url ? OwnPath(*url, addresses) : std::nullopt;
    if (!path) continue;
    // "//..." and its other spellings would name another host; the dot keeps it a path.
    const bool is_host = path->find_first_of("/\\\t", 1) == 1;
    fields.Set(name, is_host ? "/." + *path : *path);
  }
}

void RewriteFields(Fields& fields, const Addresses& addresses) {
  std::vector<std::pair<std::string, std::string>> references;
  bool has_scope = false;
  for (const auto& field : fields) {
    if (IsReferenceField(field.name)) {
      references.emplace_back(field.name, FixField(field, addresses));
    }
    has_scope = has_scope || field.name == "service-worker-allowed";
  }
  fields.RemoveIf([](const Fields::Field& field) {
    return IsReferenceField(field.name) || field.name.starts_with("access-control-") ||
           field.name == "service-worker-allowed";
  });
  for (const auto& [name, value] : references) fields.Add(name, value);
  // A worker may control the instance's pages, wherever its script lies, and nothing else.
  if (has_scope) fields.Add("service-worker-allowed", addresses.prefix + "/");
}

}  // namespace berth::rewrite
