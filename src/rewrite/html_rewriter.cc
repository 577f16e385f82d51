#include "rewrite/html_rewriter.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "base/text.h"
#include "http/fields.h"
#include "rewrite/css_rewriter.h"
#include "rewrite/javascript_rewriter.h"
#include "rewrite/json_text.h"
#include "rewrite/policy.h"
#include "rewrite/url.h"

namespace berth::rewrite {
namespace {

using http::EqualsIgnoreCase;

constexpr std::array<std::string_view, 8> kUrlAttributes = {
    "href", "src", "action", "poster", "formaction", "xlink:href", "background", "longdesc"};

bool HoldsUrl(std::string_view attribute) {
  return std::ranges::find(kUrlAttributes, attribute) != kUrlAttributes.end();
}

bool HasWord(std::string_view list, std::string_view word) {
  std::size_t at = 0;
  while (at < list.size()) {
    while (at < list.size() && IsSpace(list[at])) ++at;
    const std::size_t begin = at;
    while (at < list.size() && !IsSpace(list[at])) ++at;
    if (EqualsIgnoreCase(list.substr(begin, at - begin), word)) return true;
  }
  return false;
}

bool IsJavascriptType(std::string_view type) {
  return type.empty() || EqualsIgnoreCase(type, "module") || ToLower(type).ends_with("javascript");
}

/// Whether a URL, still HTML-encoded, can only be at the page's own host.
bool IsLocal(std::string_view url) {
  return !url.starts_with("//") && url.find("://") == std::string_view::npos;
}

/// Whether it is the link to a manifest that browsers would ask for without cookies, by which the
/// hub knows who asks.
bool LacksCredentials(const HtmlTag& tag) {
  return !tag.is_end && tag.name == "link" && HasWord(tag.ValueOf("rel"), "manifest") &&
         IsLocal(tag.ValueOf("href")) &&
         !EqualsIgnoreCase(tag.ValueOf("crossorigin"), "use-credentials");
}

/// A meta policy's value, still HTML-encoded, amended.
std::string AmendMetaPolicy(std::string_view value, const std::string& map_hash) {
  std::string policy;
  for (std::size_t at = 0; at < value.size();) {
    const std::string_view rest = value.substr(at);
    std::size_t size = 1;
    char c = value[at];
    for (const std::string_view text : {"&#39;", "&#x27;", "&apos;"}) {
      if (EqualsIgnoreCase(rest.substr(0, text.size()), text)) {
        size = text.size();
        c = '\'';
      }
    }
    policy += c;
    at += size;
  }
  const std::string amended = AmendPolicies(policy, {"", "", map_hash});
  if (amended == policy) return std::string(value);
  // Whatever quotes the attribute, an encoded one is safe in it.
  std::string encoded;
  for (const char c : amended) encoded += c == '\'' ? std::string("&#39;") : std::string(1, c);
  return encoded;
}

}  // namespace

void HtmlRewriter::Feed(std::string_view in, std::string& out) { tokenizer_.Feed(in, out); }

void HtmlRewriter::Finish(std::string& out) {
  if (tokenizer_.Finish(out)) InjectImportMap(out);
}

void HtmlRewriter::SeeDoctype() { is_document_ = true; }

void HtmlRewriter::PassTag(const HtmlTag& tag, std::string& out) {
  if (!tag.is_end && tag.name == "head" && !is_script_settled_) InjectScript(out);
}

void HtmlRewriter::WriteTag(const HtmlTag& tag, std::string& out) {
  InjectBefore(tag, out);
  const bool lacks_credentials = LacksCredentials(tag);
  if (tag.is_end || (options_.prefix.empty() && !lacks_credentials)) {
    out.append(tag.text);
    return;
  }
  const bool loses_integrity = LosesIntegrity(tag);
  const std::string_view meta = tag.name == "meta" ? tag.ValueOf("http-equiv") : "";
  std::size_t done = 0;
  if (lacks_credentials) {
    // Of two attributes of one name browsers take the first, but XML forbids them.
    done = 1 + tag.name.size();
    out.append(tag.text, 0, done).append(" crossorigin=\"use-credentials\"");
  }
  for (const auto& attribute : tag.attributes) {
    const std::string name = ToLower(tag.NameOf(attribute));
    if ((name == "integrity" && loses_integrity) || (name == "crossorigin" && lacks_credentials)) {
      out.append(tag.text, done, attribute.name - done).append("data-");
      done = attribute.name;
    }
    if (options_.prefix.empty() || attribute.value_size == 0) continue;
    out.append(tag.text, done, attribute.value - done);
    out.append(RewriteValue(tag, attribute, name, meta));
    done = attribute.value + attribute.value_size;
  }
  out.append(tag.text, done);
}

bool HtmlRewriter::LosesIntegrity(const HtmlTag& tag) const {
  // What we rewrite no longer has the hash that the page's author wrote down.
  const bool is_style = tag.name == "link" && HasWord(tag.ValueOf("rel"), "stylesheet");
  const bool is_code = options_.rewrites_javascript &&
                       (tag.name == "script" || HasWord(tag.ValueOf("rel"), "modulepreload"));
  if (!is_style && !is_code) return false;
  return IsLocal(tag.ValueOf(tag.name == "link" ? "href" : "src"));
}

std::string HtmlRewriter::RewriteValue(const HtmlTag& tag, const HtmlTag::Attribute& attribute,
                                       std::string_view name, std::string_view meta) {
  const std::string_view value = tag.ValueOf(attribute);
  const std::string& prefix = options_.prefix;
  if (HoldsUrl(name) || (name == "data" && tag.name == "object")) {
    return FixReference(value, prefix);
  }
  if (name == "srcset" || name == "imagesrcset") return FixSrcset(value, prefix);
  if (name == "style") return FixStyleAttribute(value, prefix);
  if (name == "content" && !meta.empty()) {
    if (EqualsIgnoreCase(meta, "refresh")) {
      return FixRefresh(value, [&](std::string_view url) { return FixReference(url, prefix); });
    }
    const char before = tag.text[attribute.value - 1];
    const bool is_quoted = before == '"' || before == '\'';
    if (is_quoted && EqualsIgnoreCase(meta, "content-security-policy")) {
      std::string amended = AmendMetaPolicy(value, options_.import_map_hash);
      if (amended != value) {
        options_.is_policy_strict = true;
        // Our own map, if still to come, is what the change is for.
        if (is_map_pending_) return amended;
      }
    }
  }
  return std::string(value);
}

void HtmlRewriter::InjectBefore(const HtmlTag& tag, std::string& out) {
  if (tag.is_end) {
    if (tag.name == "body" || tag.name == "html") InjectImportMap(out);
    return;
  }
  if (tag.name == "html" || tag.name == "head") {
    is_document_ = true;
    return;
  }
  if (!is_script_settled_) InjectScript(out);
  const bool is_module = tag.name == "script" && EqualsIgnoreCase(tag.ValueOf("type"), "module");
  if (is_module || (tag.name == "link" && HasWord(tag.ValueOf("rel"), "modulepreload"))) {
    InjectImportMap(out);
  }
}

void HtmlRewriter::InjectScript(std::string& out) {
  is_script_settled_ = true;
  if (options_.injection == Injection::kNever) return;
  if (options_.injection == Injection::kIntoDocuments && !is_document_) return;
  out.append(options_.script_element);
  is_map_pending_ = !options_.import_map_element.empty();
}

void HtmlRewriter::InjectImportMap(std::string& out) {
  if (std::exchange(is_map_pending_, false)) out.append(options_.import_map_element);
}

void HtmlRewriter::BeginRaw(const HtmlTag& tag) {
  raw_ = Raw::kPass;
  if (options_.prefix.empty() || tag.is_cut) return;
  const std::string_view type = tag.ValueOf("type");
  if (tag.name == "style" && (type.empty() || EqualsIgnoreCase(type, "text/css"))) {
    raw_ = Raw::kThroughRewriter;
    raw_rewriter_ = std::make_unique<CssRewriter>(options_.prefix);
  } else if (tag.name == "script" && EqualsIgnoreCase(type, "importmap")) {
    const bool may_change = !options_.is_policy_strict || tag.Find("nonce") != nullptr;
    raw_ = may_change ? Raw::kImportMap : Raw::kPass;
    // Ours goes into it. If it must stay as it is, ours follows it: newer browsers join several.
    if (may_change) is_map_pending_ = false;
  } else if (tag.name == "script" && options_.rewrites_javascript && IsJavascriptType(type)) {
    raw_ = Raw::kThroughRewriter;
    raw_rewriter_ = std::make_unique<JavascriptRewriter>(options_.prefix, KnownRoots());
  }
}

void HtmlRewriter::EndRaw(std::string& out) {
  if (raw_rewriter_) raw_rewriter_->Finish(out);
  raw_rewriter_.reset();
  if (raw_ == Raw::kImportMap) {
    auto merged = MergedImportMap(held_map_, options_.prefix);
    out.append(merged ? *merged : held_map_);
    held_map_.clear();
  }
  raw_ = Raw::kPass;
}

void HtmlRewriter::WriteRaw(std::string_view text, std::string& out) {
  switch (raw_) {
    case Raw::kPass:
      out.append(text);
      return;
    case Raw::kThroughRewriter:
      raw_rewriter_->Feed(text, out);
      return;
    case Raw::kImportMap:
      held_map_.append(text);
      if (held_map_.size() <= kLongestImportMap) return;
      out.append(held_map_);
      held_map_.clear();
      raw_ = Raw::kPass;
      return;
  }
}

}  // namespace berth::rewrite
