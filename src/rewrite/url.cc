#include "rewrite/url.h"

#include <algorithm>
#include <array>

#include "http/fields.h"

namespace berth::rewrite {
namespace {

using http::EqualsIgnoreCase;

constexpr bool EndsPath(char c) { return c == '/' || c == '?' || c == '#'; }

/// Of a URL in a style attribute, which may be quoted with an entity.
constexpr bool EndsStyleUrl(char c) {
  return c == ')' || c == '"' || c == '\'' || c == '&' || IsSpace(c);
}

std::size_t SkipSpace(std::string_view text, std::size_t at) {
  while (at < text.size() && IsSpace(text[at])) ++at;
  return at;
}

/// How many dots a segment with its slash ("/..", "/%2E.") is made of, as URL parsers read it;
/// 0: not of dots alone.
std::size_t DotsOf(std::string_view segment) {
  std::size_t dots = 0;
  for (segment.remove_prefix(1); !segment.empty(); ++dots) {
    const std::size_t size = segment[0] == '.' ? 1 : 3;
    if (size > 1 && !EqualsIgnoreCase(segment.substr(0, size), "%2e")) return 0;
    segment.remove_prefix(size);
  }
  return dots;
}

/// URL parsers read '\' as '/'.
constexpr std::string_view kSlashes = "/\\";

std::string WithoutDots(std::string_view path) {
  const std::size_t end = std::min(path.find_first_of("?#"), path.size());
  std::string_view rest = path.substr(0, end);
  std::string resolved;
  while (!rest.empty()) {
    const std::string_view segment = rest.substr(0, rest.find_first_of(kSlashes, 1));
    rest.remove_prefix(segment.size());
    const std::size_t dots = DotsOf(segment);
    if (dots != 1 && dots != 2) {
      resolved.append("/").append(segment.substr(1));
      continue;
    }
    if (dots == 2 && !resolved.empty()) resolved.resize(resolved.rfind('/'));
    if (rest.empty()) resolved += '/';
  }
  return resolved.append(path.substr(end));
}

}  // namespace

bool IsUsablePrefix(std::string_view prefix) {
  if (prefix.size() < 2 || prefix.size() > kMaxPrefix || prefix[0] != '/') return false;
  while (!prefix.empty()) {
    prefix.remove_prefix(1);
    const std::string_view segment = prefix.substr(0, std::min(prefix.find('/'), prefix.size()));
    if (segment.empty() || segment == "." || segment == "..") return false;
    for (const char c : segment) {
      if (!IsLetter(c) && !IsDigit(c) && c != '-' && c != '.' && c != '_' && c != '~') return false;
    }
    prefix.remove_prefix(segment.size());
  }
  return true;
}

Verdict JudgeStart(std::string_view start, std::string_view prefix) {
  if (start.empty()) return Verdict::kUndecided;
  if (start[0] != '/') return Verdict::kKeep;
  if (start.size() == 1) return Verdict::kUndecided;
  // "//host", and its other spellings: URL parsers read '\' as '/' and drop tabs and line ends.
  const char second = start[1];
  if (second == '/' || second == '\\' || second == '\t' || second == '\n' || second == '\r') {
    return Verdict::kKeep;
  }
  const std::size_t common = std::min(start.size(), prefix.size());
  if (start.substr(0, common) != prefix.substr(0, common)) return Verdict::kPrefix;
  if (start.size() <= prefix.size()) return Verdict::kUndecided;
  return EndsPath(start[prefix.size()]) ? Verdict::kKeep : Verdict::kPrefix;
}

Verdict JudgeWhole(std::string_view reference, std::string_view prefix) {
  const Verdict verdict = JudgeStart(reference, prefix);
  if (verdict != Verdict::kUndecided) return verdict;
  return reference.empty() || reference == prefix ? Verdict::kKeep : Verdict::kPrefix;
}

std::string UnderPrefix(std::string_view path, std::string_view prefix) {
  return std::string(prefix).append(WithoutDots(path));
}

std::string FixReference(std::string_view reference, std::string_view prefix) {
  const std::size_t start = SkipSpace(reference, 0);
  const std::string_view path = reference.substr(start);
  if (JudgeWhole(path, prefix) != Verdict::kPrefix) return std::string(reference);
  return std::string(reference.substr(0, start)).append(UnderPrefix(path, prefix));
}

// https://html.spec.whatwg.org/multipage/images.html#parse-a-srcset-attribute, as far as finding
// where each candidate's URL begins. URLs may hold commas (data:), so splitting is not enough.
std::string FixSrcset(std::string_view srcset, std::string_view prefix) {
  std::string fixed;
  std::size_t at = 0;
  while (at < srcset.size()) {
    std::size_t begin = at;
    while (at < srcset.size() && (IsSpace(srcset[at]) || srcset[at] == ',')) ++at;
    fixed.append(srcset.substr(begin, at - begin));
    begin = at;
    while (at < srcset.size() && !IsSpace(srcset[at])) ++at;
    const std::string_view url = srcset.substr(begin, at - begin);
    fixed.append(FixReference(url, prefix));
    if (url.ends_with(',')) continue;
    begin = at;
    for (int depth = 0; at < srcset.size() && (depth > 0 || srcset[at] != ','); ++at) {
      if (srcset[at] == '(') ++depth;
      if (srcset[at] == ')' && depth > 0) --depth;
    }
    fixed.append(srcset.substr(begin, at - begin));
  }
  return fixed;
}

std::string FixRefresh(std::string_view refresh, const UrlFix& fix) {
  std::size_t at = SkipSpace(refresh, 0);
  while (at < refresh.size() && (IsDigit(refresh[at]) || refresh[at] == '.')) ++at;
  at = SkipSpace(refresh, at);
  if (at < refresh.size() && (refresh[at] == ';' || refresh[at] == ',')) ++at;
  at = SkipSpace(refresh, at);
  if (EqualsIgnoreCase(refresh.substr(at, 3), "url")) {
    const std::size_t equals = SkipSpace(refresh, at + 3);
    if (equals < refresh.size() && refresh[equals] == '=') at = SkipSpace(refresh, equals + 1);
  }
  std::string fixed;
  std::string_view url = refresh.substr(at);
  if (!url.empty() && (url[0] == '"' || url[0] == '\'')) {
    const std::size_t end = url.find(url[0], 1);
    const std::string_view inner = url.substr(1, end == url.npos ? url.npos : end - 1);
    fixed.append(refresh.substr(0, at + 1)).append(fix(inner));
    return fixed.append(url.substr(1 + inner.size()));
  }
  return fixed.append(refresh.substr(0, at)).append(fix(url));
}

std::string FixStyleAttribute(std::string_view style, std::string_view prefix) {
  constexpr std::array<std::string_view, 7> kQuotes = {"\"",    "'",     "&quot;", "&apos;",
                                                       "&#34;", "&#39;", "&#x27;"};
  std::string fixed;
  std::size_t done = 0;
  for (std::size_t at = 0; at + 4 <= style.size(); ++at) {
    if (!EqualsIgnoreCase(style.substr(at, 4), "url(")) continue;
    at = SkipSpace(style, at + 4);
    for (const auto quote : kQuotes) {
      if (!style.substr(at).starts_with(quote)) continue;
      at = SkipSpace(style, at + quote.size());
      break;
    }
    // What follows the URL inside the value cannot be mistaken for more of it: judge its start.
    const std::size_t start = at;
    while (at < style.size() && !EndsStyleUrl(style[at])) ++at;
    const std::string_view url = style.substr(start, at - start);
    if (JudgeWhole(url, prefix) == Verdict::kPrefix) {
      fixed.append(style.substr(done, start - done)).append(UnderPrefix(url, prefix));
      done = at;
    }
  }
  return fixed.append(style.substr(done));
}

}  // namespace berth::rewrite
