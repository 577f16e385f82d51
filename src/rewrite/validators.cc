#include "rewrite/validators.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "http/fields.h"
#include "http/list.h"

namespace berth::rewrite {
namespace {

using http::EqualsIgnoreCase;
using http::TrimOws;

constexpr unsigned kLongestFreshness = 300;

bool IsWeak(std::string_view tag) { return tag.starts_with("W/"); }

/// The text between the quotes of one entity tag.
std::optional<std::string_view> Opaque(std::string_view tag) {
  if (IsWeak(tag)) tag.remove_prefix(2);
  if (tag.size() < 2 || tag.front() != '"' || tag.back() != '"') return std::nullopt;
  tag = tag.substr(1, tag.size() - 2);
  if (tag.find('"') != std::string_view::npos) return std::nullopt;
  return tag;
}

}  // namespace

std::optional<std::string> DeriveEtag(std::string_view etag, std::string_view version) {
  etag = TrimOws(etag);
  const auto opaque = Opaque(etag);
  if (!opaque) return std::nullopt;
  return fmt::format("W/\"{}-{}{}\"", *opaque, IsWeak(etag) ? 'w' : 's', version);
}

std::string OriginalEtags(std::string_view tags, std::string_view version) {
  std::string originals;
  while (!tags.empty()) {
    // A tag may hold commas, so an entry ends at the comma after its closing quote.
    const std::size_t open = tags.find('"');
    const std::size_t close = open == std::string_view::npos ? open : tags.find('"', open + 1);
    if (close == std::string_view::npos) break;
    const std::string_view tag = TrimOws(tags.substr(0, close + 1));
    tags.remove_prefix(std::min(tags.find(',', close), tags.size()));
    if (!tags.empty()) tags.remove_prefix(1);

    auto opaque = Opaque(tag);
    if (!opaque || !opaque->ends_with(version)) continue;
    opaque->remove_suffix(version.size());
    if (!opaque->ends_with("-s") && !opaque->ends_with("-w")) continue;
    const bool was_weak = opaque->back() == 'w';
    opaque->remove_suffix(2);
    if (!originals.empty()) originals += ", ";
    originals += fmt::format("{}\"{}\"", was_weak ? "W/" : "", *opaque);
  }
  return originals;
}

std::string ShortenFreshness(std::string_view cache_control) {
  std::string shortened;
  for (const std::string_view directive : http::ListMembers(cache_control)) {
    const std::string_view name = TrimOws(directive.substr(0, directive.find('=')));
    if (directive.empty() || EqualsIgnoreCase(name, "immutable") ||
        EqualsIgnoreCase(name, "stale-while-revalidate") ||
        EqualsIgnoreCase(name, "stale-if-error")) {
      continue;
    }
    if (!shortened.empty()) shortened += ", ";
    if (!EqualsIgnoreCase(name, "max-age") && !EqualsIgnoreCase(name, "s-maxage")) {
      shortened += directive;
      continue;
    }
    unsigned seconds = kLongestFreshness;  // Also for numbers too large to read.
    const std::size_t digits = directive.find_first_of("0123456789");
    if (digits != std::string_view::npos) {
      std::from_chars(directive.data() + digits, directive.data() + directive.size(), seconds);
    }
    shortened += fmt::format("{}={}", name, std::min(seconds, kLongestFreshness));
  }
  return shortened;
}

}  // namespace berth::rewrite
