#include "http/one_browser.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace berth::http {
namespace {

/// Takes the first directive off `rest`: up to a comma that no quotes enclose.
std::string_view TakeDirective(std::string_view& rest) {
  bool is_quoted = false;
  std::size_t end = 0;
  for (; end < rest.size() && (is_quoted || rest[end] != ','); ++end) {
    if (rest[end] == '"') is_quoted = !is_quoted;
    if (is_quoted && rest[end] == '\\') ++end;
  }
  end = std::min(end, rest.size());
  const std::string_view directive = TrimOws(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return directive;
}

}  // namespace

void KeepToOneBrowser(Fields& fields) {
  std::string kept;
  bool is_stored = true;
  for (const auto& [name, value] : fields) {
    if (name != "cache-control") continue;
    for (std::string_view rest = value; !rest.empty();) {
      const std::string_view directive = TakeDirective(rest);
      const std::string_view what = TrimOws(directive.substr(0, directive.find('=')));
      if (what.empty() || EqualsIgnoreCase(what, "public") || EqualsIgnoreCase(what, "private") ||
          EqualsIgnoreCase(what, "s-maxage")) {
        continue;
      }
      if (EqualsIgnoreCase(what, "no-store")) is_stored = false;
      if (!kept.empty()) kept += ", ";
      kept += directive;
    }
  }
  if (is_stored) kept.insert(0, kept.empty() ? "private" : "private, ");
  fields.Set("cache-control", kept);
}

}  // namespace berth::http
