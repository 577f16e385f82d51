#include "rewrite/policy.h"

#include <algorithm>
#include <vector>

#include "base/encoding.h"
#include "base/hash.h"
#include "http/fields.h"
#include "rewrite/url.h"

namespace berth::rewrite {
namespace {

using http::EqualsIgnoreCase;

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = std::min(text.find(separator), text.size());
    parts.push_back(text.substr(0, end));
    if (end == text.size()) return parts;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  while (!(text = Trim(text)).empty()) {
    const auto end = std::ranges::find_if(text, IsSpace) - text.begin();
    words.push_back(text.substr(0, static_cast<std::size_t>(end)));
    text.remove_prefix(static_cast<std::size_t>(end));
  }
  return words;
}

bool StartsWithIgnoreCase(std::string_view text, std::string_view start) {
  return EqualsIgnoreCase(text.substr(0, start.size()), start);
}

bool IsNonceText(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return IsLetter(c) || IsDigit(c) || c == '+' || c == '/' || c == '-' || c == '_' || c == '=';
  });
}

/// The list of one policy that governs script elements.
struct ScriptList {
  std::string_view directive;  ///< As written, "" if nothing governs scripts.
  std::vector<std::string_view> sources;

  explicit ScriptList(std::string_view policy) {
    for (const auto name : {"script-src-elem", "script-src", "default-src"}) {
      for (const auto part : Split(policy, ';')) {
        const auto words = Words(part);
        if (words.empty() || !EqualsIgnoreCase(words[0], name)) continue;
        directive = part;
        sources.assign(words.begin() + 1, words.end());
        return;
      }
    }
  }

  bool Has(std::string_view keyword) const {
    return std::ranges::any_of(sources, [&](auto s) { return EqualsIgnoreCase(s, keyword); });
  }
  std::string_view nonce() const {
    for (const auto source : sources) {
      if (!StartsWithIgnoreCase(source, "'nonce-") || !source.ends_with('\'')) continue;
      const std::string_view text = source.substr(7, source.size() - 8);
      if (IsNonceText(text)) return text;
    }
    return {};
  }
  bool has_hash() const {
    return std::ranges::any_of(sources, [](auto s) { return StartsWithIgnoreCase(s, "'sha"); });
  }
  bool has_nonce() const {
    return std::ranges::any_of(sources, [](auto s) { return StartsWithIgnoreCase(s, "'nonce-"); });
  }
  bool admits_inline() const {
    return directive.empty() ||
           (Has("'unsafe-inline'") && !has_nonce() && !has_hash() && !Has("'strict-dynamic'"));
  }
};

std::string AmendPolicy(std::string_view policy, const PolicyAdditions& additions) {
  const ScriptList list(policy);
  if (list.directive.empty()) return std::string(policy);
  std::vector<std::string_view> added;
  if (additions.script_url.empty()) {
    if (!list.admits_inline()) added.push_back(additions.script_hash);
  } else if (list.Has("'strict-dynamic'") || list.has_nonce()) {
    added.push_back(additions.script_hash);
  } else if (!list.Has("'self'") && !list.Has("*")) {
    added.push_back(additions.script_url);
  }
  if (!list.admits_inline()) added.push_back(additions.map_hash);
  std::erase_if(added, [&](auto source) { return source.empty() || list.Has(source); });
  if (added.empty()) return std::string(policy);

  const auto name = Words(list.directive)[0];
  const bool is_default = EqualsIgnoreCase(name, "default-src");
  std::string directive(is_default ? std::string_view("script-src") : name);
  for (const auto source : list.sources) {
    if (!EqualsIgnoreCase(source, "'none'")) directive.append(" ").append(source);
  }
  for (const auto source : added) directive.append(" ").append(source);
  if (is_default) {
    // A list of its own, because default-src governs more than scripts.
    return std::string(policy).append("; ").append(directive);
  }
  const auto begin = static_cast<std::size_t>(name.data() - policy.data());
  const auto end = static_cast<std::size_t>(list.directive.end() - policy.begin());
  return std::string(policy.substr(0, begin)).append(directive).append(policy.substr(end));
}

}  // namespace

ScriptAdmission ExaminePolicies(std::span<const std::string_view> values) {
  ScriptAdmission admission;
  for (const auto value : values) {
    for (const auto policy : Split(value, ',')) {
      const ScriptList list(policy);
      if (list.admits_inline()) continue;
      const std::string_view nonce = list.nonce();
      const bool differs = !admission.nonce.empty() && admission.nonce != nonce;
      if (nonce.empty() || differs) return {ScriptAdmission::Kind::kAmended, {}};
      admission = {ScriptAdmission::Kind::kNonce, std::string(nonce)};
    }
  }
  return admission;
}

std::string AmendPolicies(std::string_view value, const PolicyAdditions& additions) {
  std::string amended;
  for (const auto policy : Split(value, ',')) {
    if (!amended.empty()) amended += ',';
    amended += AmendPolicy(policy, additions);
  }
  return amended;
}

std::string FixReportUris(std::string_view value, const UrlFix& fix) {
  const auto ends_directive = [](char c) { return c == ';' || c == ','; };
  std::string fixed;
  bool is_name = true;  // The next word names a directive.
  bool is_report = false;
  while (!value.empty()) {
    const auto end =
        std::ranges::find_if(value, [&](char c) { return IsSpace(c) || ends_directive(c); });
    const std::string_view word(value.begin(), end);
    if (word.empty()) {
      is_name = is_name || ends_directive(value.front());
      fixed += value.front();
      value.remove_prefix(1);
      continue;
    }
    if (is_name) is_report = EqualsIgnoreCase(word, "report-uri");
    fixed += is_report && !is_name ? fix(word) : std::string(word);
    is_name = false;
    value.remove_prefix(word.size());
  }
  return fixed;
}

std::string IntegrityOf(std::string_view script) {
  return "sha256-" + Base64Encode(Sha256(script));
}

std::string HashSource(std::string_view script) { return "'" + IntegrityOf(script) + "'"; }

}  // namespace berth::rewrite
