#include "http/cookie.h"

#include <algorithm>

namespace berth::http {
namespace {

/// Calls `visit(piece)` for each part of `text` between semicolons, untrimmed.
template <class Visit>
void ForEachPart(std::string_view text, Visit visit) {
  std::size_t begin = 0;
  for (;;) {
    const std::size_t end = std::min(text.find(';', begin), text.size());
    visit(text.substr(begin, end - begin));
    if (end == text.size()) return;
    begin = end + 1;
  }
}

std::string_view NameOf(std::string_view part) {
  return TrimOws(part.substr(0, std::min(part.find('='), part.size())));
}

std::string_view ValueOf(std::string_view part) {
  const std::size_t equals = part.find('=');
  if (equals == std::string_view::npos) return {};
  return TrimOws(part.substr(equals + 1));
}

}  // namespace

std::optional<std::string_view> FindCookie(const Fields& fields, std::string_view name) {
  std::optional<std::string_view> found;
  bool ambiguous = false;
  for (const auto& field : fields) {
    if (field.name != "cookie") continue;
    ForEachPart(field.value, [&](std::string_view part) {
      if (NameOf(part) != name || part.find('=') == std::string_view::npos) return;
      const std::string_view value = ValueOf(part);
      if (found && *found != value) ambiguous = true;
      found = value;
    });
  }
  if (ambiguous) return std::nullopt;
  return found;
}

void RemoveCookies(Fields& fields, const std::vector<std::string_view>& names) {
  std::vector<std::string> kept_fields;
  bool changed = false;
  for (const auto& field : fields) {
    if (field.name != "cookie") continue;
    std::string kept;
    ForEachPart(field.value, [&](std::string_view part) {
      if (std::ranges::find(names, NameOf(part)) != names.end()) {
        changed = true;
        return;
      }
      if (!kept.empty()) kept.push_back(';');
      kept.append(part);
    });
    if (!TrimOws(kept).empty()) kept_fields.emplace_back(TrimOws(kept));
  }
  if (!changed) return;
  fields.Remove("cookie");
  for (const auto& kept : kept_fields) fields.Add("cookie", kept);
}

void RenameCookies(Fields& fields, std::string_view from, std::string_view to) {
  std::vector<std::string> renamed_fields;
  bool changed = false;
  for (const auto& field : fields) {
    if (field.name != "cookie") continue;
    std::string renamed;
    ForEachPart(field.value, [&](std::string_view part) {
      if (part.data() != std::string_view(field.value).data()) renamed.push_back(';');
      if (!NameOf(part).starts_with(from)) {
        renamed.append(part);
        return;
      }
      changed = true;
      const std::size_t begin = part.find(from);
      renamed.append(part.substr(0, begin)).append(to).append(part.substr(begin + from.size()));
    });
    renamed_fields.push_back(std::move(renamed));
  }
  if (!changed) return;
  fields.Remove("cookie");
  for (const auto& renamed : renamed_fields) fields.Add("cookie", renamed);
}

std::string_view SetCookieName(std::string_view set_cookie) {
  std::string_view pair =
      TrimOws(set_cookie.substr(0, std::min(set_cookie.find(';'), set_cookie.size())));
  // Browsers send a cookie without a name as its bare value, which then reads as name and value.
  if (pair.starts_with('=')) pair = TrimOws(pair.substr(1));
  return NameOf(pair);
}

std::string WithoutCookieAttribute(std::string_view set_cookie, std::string_view attribute) {
  std::string kept;
  bool first = true;
  ForEachPart(set_cookie, [&](std::string_view part) {
    if (!first && EqualsIgnoreCase(NameOf(part), attribute)) return;
    if (!first) kept.push_back(';');
    kept.append(part);
    first = false;
  });
  return kept;
}

std::optional<std::string_view> CookieAttribute(std::string_view set_cookie,
                                                std::string_view attribute) {
  std::optional<std::string_view> found;
  bool first = true;
  ForEachPart(set_cookie, [&](std::string_view part) {
    if (!std::exchange(first, false) && EqualsIgnoreCase(NameOf(part), attribute)) {
      found = ValueOf(part);
    }
  });
  return found;
}

}  // namespace berth::http
