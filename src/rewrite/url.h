// Prefixing URLs: the one rule of path mode, used by every rewriter.
//
// A root-relative reference ("/x", not "//host") moves under the prefix ("/clients/ID/proxy/x"). A
// reference that lies there already stays, so that rewriting twice changes nothing. Everything else
// (relative, absolute, data:, ...) stays as it is.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace berth::rewrite {

/// Bytes of the longest prefix that IsUsablePrefix accepts.
inline constexpr std::size_t kMaxPrefix = 256;

/// Whether `prefix` may be inserted anywhere without quoting: "/seg/seg" of letters, digits, and
/// "-._~", no empty or dot segment, no slash at the end, at most kMaxPrefix bytes.
bool IsUsablePrefix(std::string_view prefix);

enum class Verdict {
  kUndecided,  ///< More bytes are needed.
  kKeep,       ///< Leave the reference alone.
  kPrefix,     ///< Write the prefix in front of it.
};

/// Judges a reference by its first bytes, for streaming: undecided only while `start` may still
/// turn out to lie under the prefix, that is for at most prefix.size() + 1 bytes.
Verdict JudgeStart(std::string_view start, std::string_view prefix);
/// The same when `reference` is complete. Never undecided.
Verdict JudgeWhole(std::string_view reference, std::string_view prefix);

/// `path`, which begins with a slash, under the prefix. Its dot segments are resolved first, "%2e"
/// for a dot included (RFC 3986, section 5.2.4): behind the prefix they could lead out of it. The
/// rewriters of style sheets and scripts judge a start before they have the rest, and leave them.
std::string UnderPrefix(std::string_view path, std::string_view prefix);

/// `reference` under the prefix. Leading white space is kept.
std::string FixReference(std::string_view reference, std::string_view prefix);

/// A srcset value ("/a.png 1x, /b.png 2x") with every candidate fixed.
std::string FixSrcset(std::string_view srcset, std::string_view prefix);

/// What a URL becomes.
using UrlFix = std::function<std::string(std::string_view)>;

/// A refresh value ("5; url=/x", of the header or the meta element) with its URL as `fix` has it.
std::string FixRefresh(std::string_view refresh, const UrlFix& fix);

/// A style attribute's value, still HTML-encoded, with every url(/...) fixed.
std::string FixStyleAttribute(std::string_view style, std::string_view prefix);

/// White space of HTML and CSS: space, tab, LF, FF, CR.
constexpr bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}
constexpr bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace berth::rewrite
