#include "rewrite/html_rewriter.h"

#include <algorithm>
#include <array>
#include <utility>

#include "http/fields.h"
#include "rewrite/css_rewriter.h"
#include "rewrite/javascript_rewriter.h"
#include "rewrite/json_text.h"
#include "rewrite/policy.h"
#include "rewrite/url.h"

namespace berth::rewrite {
namespace {

using http::EqualsIgnoreCase;
using http::ToLower;

constexpr std::size_t kLongestName = 32;

constexpr std::array<std::string_view, 8> kUrlAttributes = {
    "href", "src", "action", "poster", "formaction", "xlink:href", "background", "longdesc"};
constexpr std::array<std::string_view, 8> kRawElements = {
    "script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"};

template <std::size_t N>
bool IsOneOf(std::string_view name, const std::array<std::string_view, N>& table) {
  return std::ranges::find(table, name) != table.end();
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

void HtmlRewriter::Feed(std::string_view in, std::string& out) {
  out.reserve(out.size() + in.size());
  std::size_t at = 0;
  while (at < in.size()) {
    const bool is_plain_raw = state_ == State::kRaw && script_data_ == ScriptData::kPlain;
    if (state_ == State::kText || is_plain_raw) {
      const std::size_t end = std::min(in.find('<', at), in.size());
      if (is_plain_raw) {
        WriteRaw(in.substr(at, end - at), out);
      } else {
        out.append(in.substr(at, end - at));
      }
      at = end;
      if (at == in.size()) return;
    }
    Step(in[at++], out);
  }
}

void HtmlRewriter::Finish(std::string& out) {
  const bool is_between_tags = state_ == State::kText;
  if (state_ == State::kRawLessThan) {
    WriteRaw(tag_, out);
    tag_.clear();
  }
  if (state_ == State::kRaw || state_ == State::kRawLessThan) LeaveRaw(out);
  FlushTag(out);  // A tag without its end is dropped by browsers; so be it.
  if (is_between_tags) InjectImportMap(out);
}

void HtmlRewriter::Step(char c, std::string& out) {
  switch (state_) {
    case State::kText:
      if (c == '<') {
        tag_ = "<";
        state_ = State::kTagOpen;
      } else {
        out.push_back(c);
      }
      return;
    case State::kTagOpen:
      if (IsLetter(c)) {
        BeginTag(false);
        return StepTag(c, out);
      }
      if (c == '!' || c == '/') {
        tag_.push_back(c);
        state_ = c == '!' ? State::kDeclaration : State::kEndTagOpen;
        return;
      }
      FlushTag(out);
      state_ = c == '?' ? State::kBogusComment : State::kText;
      return Step(c, out);
    case State::kEndTagOpen:
      if (IsLetter(c)) {
        BeginTag(true);
        return StepTag(c, out);
      }
      FlushTag(out);
      state_ = State::kBogusComment;
      return Step(c, out);
    case State::kDeclaration:
      return StepDeclaration(c, out);
    case State::kComment:
      return StepComment(c, out);
    case State::kBogusComment:
      out.push_back(c);
      if (c == '>') state_ = State::kText;
      return;
    case State::kCdata:
      return StepCdata(c, out);
    case State::kRaw:
      return StepRaw(c, out);
    case State::kRawLessThan:
      return StepRawLessThan(c, out);
    case State::kPlaintext:
      out.push_back(c);
      return;
    default:
      return StepTag(c, out);
  }
}

void HtmlRewriter::StepDeclaration(char c, std::string& out) {
  constexpr std::string_view kComment = "<!--";
  constexpr std::string_view kDoctype = "<!doctype";
  constexpr std::string_view kCdata = "<![cdata[";
  const std::string seen = ToLower(tag_) + LowerCase(c);
  if (!kComment.starts_with(seen) && !kDoctype.starts_with(seen) && !kCdata.starts_with(seen)) {
    FlushTag(out);
    state_ = State::kBogusComment;
    return Step(c, out);
  }
  tag_.push_back(c);
  if (seen == kComment) {
    FlushTag(out);
    state_ = State::kComment;
    dashes_ = 2;
    is_comment_start_ = true;
    is_bang_ = false;
  } else if (seen == kDoctype) {
    FlushTag(out);
    state_ = State::kBogusComment;
    is_document_ = true;
  } else if (seen == kCdata) {
    FlushTag(out);
    state_ = foreign_depth_ > 0 ? State::kCdata : State::kBogusComment;
    brackets_ = 0;
  }
}

void HtmlRewriter::StepComment(char c, std::string& out) {
  out.push_back(c);
  if (c == '-') {
    ++dashes_;
    is_bang_ = false;
    return;
  }
  // The two dashes of "<!--" may close the comment with '>' but not with "!>".
  const bool was_bang = std::exchange(is_bang_, c == '!' && dashes_ >= (is_comment_start_ ? 4 : 2));
  if (c == '>' && (dashes_ >= 2 || was_bang)) state_ = State::kText;
  dashes_ = 0;
  is_comment_start_ = false;
}

void HtmlRewriter::StepCdata(char c, std::string& out) {
  out.push_back(c);
  if (c == '>' && brackets_ >= 2) state_ = State::kText;
  brackets_ = c == ']' ? brackets_ + 1 : 0;
}

void HtmlRewriter::StepTag(char c, std::string& out) {
  switch (state_) {
    case State::kTagName:
      if (!IsSpace(c) && c != '/' && c != '>') {
        if (name_.size() < kLongestName) name_.push_back(LowerCase(c));
        break;
      }
      state_ = State::kBeforeName;
      return StepTag(c, out);
    case State::kBeforeName:
      if (IsSpace(c)) break;
      if (c == '/') {
        state_ = State::kSelfClosing;
        break;
      }
      if (c == '>') return EndTag(false, out);
      BeginAttribute();
      state_ = State::kName;
      break;  // Whatever it is, '=' too, begins the name.
    case State::kName:
      if (c == '=') {
        EndName();
        state_ = State::kBeforeValue;
        break;
      }
      if (!IsSpace(c) && c != '/' && c != '>') break;
      EndName();
      state_ = State::kAfterName;
      return StepTag(c, out);
    case State::kAfterName:
      if (IsSpace(c)) break;
      if (c == '=') {
        state_ = State::kBeforeValue;
        break;
      }
      attributes_.push_back(open_);  // Without a value.
      state_ = State::kBeforeName;
      return StepTag(c, out);
    case State::kBeforeValue:
      if (IsSpace(c)) break;
      if (c == '>') {
        attributes_.push_back(open_);
        return EndTag(false, out);
      }
      open_.value = static_cast<std::uint32_t>(tag_.size());
      if (c == '"' || c == '\'') {
        ++open_.value;
        quote_ = c;
        state_ = State::kQuotedValue;
      } else {
        state_ = State::kUnquotedValue;
      }
      break;
    case State::kQuotedValue:
      if (c == quote_) {
        EndValue();
        state_ = State::kAfterQuotedValue;
      }
      break;
    case State::kUnquotedValue:
      if (!IsSpace(c) && c != '>') break;
      EndValue();
      state_ = State::kBeforeName;
      return StepTag(c, out);
    case State::kAfterQuotedValue:
      state_ = State::kBeforeName;
      return StepTag(c, out);
    case State::kSelfClosing:
      if (c == '>') return EndTag(true, out);
      state_ = State::kBeforeName;
      return StepTag(c, out);
    default:
      break;
  }
  AppendToTag(c, out);
}

void HtmlRewriter::FlushTag(std::string& out) {
  out.append(tag_);
  tag_.clear();
}

void HtmlRewriter::BeginTag(bool is_end) {
  is_end_tag_ = is_end;
  is_spilled_ = false;
  name_.clear();
  attributes_.clear();
  state_ = State::kTagName;
}

void HtmlRewriter::BeginAttribute() {
  open_ = {};
  open_.name = static_cast<std::uint32_t>(tag_.size());
}

void HtmlRewriter::EndName() {
  open_.name_size = static_cast<std::uint32_t>(tag_.size()) - open_.name;
}

void HtmlRewriter::EndValue() {
  open_.value_size = static_cast<std::uint32_t>(tag_.size()) - open_.value;
  if (!is_spilled_) attributes_.push_back(open_);
}

void HtmlRewriter::AppendToTag(char c, std::string& out) {
  if (is_spilled_) {
    out.push_back(c);
    attributes_.clear();
    return;
  }
  tag_.push_back(c);
  if (tag_.size() < kLongestTag) return;
  WriteTag(out);
  is_spilled_ = true;
}

void HtmlRewriter::EndTag(bool is_self_closing, std::string& out) {
  if (is_spilled_) {
    out.push_back('>');
  } else {
    tag_.push_back('>');
    WriteTag(out);
  }
  state_ = State::kText;
  if (name_ == "svg" || name_ == "math") {
    if (!is_end_tag_ && !is_self_closing) ++foreign_depth_;
    if (is_end_tag_ && foreign_depth_ > 0) --foreign_depth_;
  }
  if (!is_end_tag_) {
    if (name_ == "head" && !is_script_settled_) InjectScript(out);
    const bool is_foreign = foreign_depth_ > 0;
    if (name_ == "plaintext" && !is_foreign) state_ = State::kPlaintext;
    if (IsOneOf(name_, kRawElements) && !(is_foreign && (is_self_closing || name_ == "title"))) {
      EnterRaw();
    }
  }
  tag_.clear();
  attributes_.clear();
}

std::string_view HtmlRewriter::ValueOf(std::string_view name) const {
  for (const auto& attribute : attributes_) {
    if (EqualsIgnoreCase(Text(attribute.name, attribute.name_size), name)) {
      return Text(attribute.value, attribute.value_size);
    }
  }
  return {};
}

bool HtmlRewriter::HasAttribute(std::string_view name) const {
  return std::ranges::any_of(attributes_, [&](const Attribute& attribute) {
    return EqualsIgnoreCase(Text(attribute.name, attribute.name_size), name);
  });
}

void HtmlRewriter::WriteTag(std::string& out) {
  InjectBefore(out);
  if (is_end_tag_ || options_.prefix.empty()) {
    out.append(tag_);
    return;
  }
  const bool loses_integrity = LosesIntegrity();
  std::size_t done = 0;
  for (const auto& attribute : attributes_) {
    const std::string name = ToLower(Text(attribute.name, attribute.name_size));
    if (name == "integrity" && loses_integrity) {
      out.append(tag_, done, attribute.name - done).append("data-");
      done = attribute.name;
    }
    if (attribute.value_size == 0) continue;
    out.append(tag_, done, attribute.value - done);
    out.append(RewriteValue(attribute, name));
    done = attribute.value + attribute.value_size;
  }
  out.append(tag_, done);
}

bool HtmlRewriter::LosesIntegrity() const {
  // What we rewrite no longer has the hash that the page's author wrote down.
  const bool is_style = name_ == "link" && HasWord(ValueOf("rel"), "stylesheet");
  const bool is_code = options_.rewrites_javascript &&
                       (name_ == "script" || HasWord(ValueOf("rel"), "modulepreload"));
  if (!is_style && !is_code) return false;
  const std::string_view url = ValueOf(name_ == "link" ? "href" : "src");
  return !url.starts_with("//") && url.find("://") == std::string_view::npos;
}

std::string HtmlRewriter::RewriteValue(const Attribute& attribute, std::string_view name) {
  const std::string_view value = Text(attribute.value, attribute.value_size);
  const std::string& prefix = options_.prefix;
  if (IsOneOf(name, kUrlAttributes) || (name == "data" && name_ == "object")) {
    return FixReference(value, prefix);
  }
  if (name == "srcset" || name == "imagesrcset") return FixSrcset(value, prefix);
  if (name == "style") return FixStyleAttribute(value, prefix);
  if (name == "content" && name_ == "meta") {
    const std::string_view kind = ValueOf("http-equiv");
    if (EqualsIgnoreCase(kind, "refresh")) return FixRefresh(value, prefix);
    const char before = tag_[attribute.value - 1];
    const bool is_quoted = before == '"' || before == '\'';
    if (is_quoted && EqualsIgnoreCase(kind, "content-security-policy")) {
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

void HtmlRewriter::InjectBefore(std::string& out) {
  if (is_end_tag_) {
    if (name_ == "body" || name_ == "html") InjectImportMap(out);
    return;
  }
  if (name_ == "html" || name_ == "head") {
    is_document_ = true;
    return;
  }
  if (!is_script_settled_) InjectScript(out);
  const bool is_module = name_ == "script" && EqualsIgnoreCase(ValueOf("type"), "module");
  if (is_module || (name_ == "link" && HasWord(ValueOf("rel"), "modulepreload"))) {
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

void HtmlRewriter::EnterRaw() {
  state_ = State::kRaw;
  raw_ = Raw::kPass;
  raw_end_ = "</" + name_;
  script_data_ = ScriptData::kPlain;
  if (options_.prefix.empty() || is_spilled_) return;
  const std::string_view type = ValueOf("type");
  if (name_ == "style" && (type.empty() || EqualsIgnoreCase(type, "text/css"))) {
    raw_ = Raw::kThroughRewriter;
    raw_rewriter_ = std::make_unique<CssRewriter>(options_.prefix);
  } else if (name_ == "script" && EqualsIgnoreCase(type, "importmap")) {
    const bool may_change = !options_.is_policy_strict || HasAttribute("nonce");
    raw_ = may_change ? Raw::kImportMap : Raw::kPass;
    // Ours goes into it. If it must stay as it is, ours follows it: newer browsers join several.
    if (may_change) is_map_pending_ = false;
  } else if (name_ == "script" && options_.rewrites_javascript && IsJavascriptType(type)) {
    raw_ = Raw::kThroughRewriter;
    raw_rewriter_ = std::make_unique<JavascriptRewriter>(options_.prefix, KnownRoots());
  }
}

void HtmlRewriter::LeaveRaw(std::string& out) {
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

void HtmlRewriter::StepRaw(char c, std::string& out) {
  if (c == '<') {
    tag_ = "<";
    state_ = State::kRawLessThan;
    return;
  }
  if (script_data_ != ScriptData::kPlain) {
    if (c == '>' && dashes_ >= 2) script_data_ = ScriptData::kPlain;
    dashes_ = c == '-' ? dashes_ + 1 : 0;
  }
  WriteRaw({&c, 1}, out);
}

// A script may hold "<!-- <script> </script> -->", whose inner end tag does not end it:
// https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements
void HtmlRewriter::StepRawLessThan(char c, std::string& out) {
  constexpr std::string_view kComment = "<!--";
  constexpr std::string_view kScript = "<script";
  const bool is_script = raw_end_ == "</script";
  const std::string seen = ToLower(tag_);
  const bool is_delimiter = IsSpace(c) || c == '/' || c == '>';
  if (is_delimiter && seen == raw_end_ && script_data_ != ScriptData::kDoubleEscaped) {
    LeaveRaw(out);
    const std::string name = raw_end_.substr(2);
    BeginTag(true);
    name_ = name;
    return StepTag(c, out);
  }
  if (is_delimiter && is_script && seen == raw_end_) {
    script_data_ = ScriptData::kEscaped;
  } else if (is_delimiter && script_data_ == ScriptData::kEscaped && seen == kScript) {
    script_data_ = ScriptData::kDoubleEscaped;
  } else {
    const std::string next = seen + LowerCase(c);
    const bool may_go_on = raw_end_.starts_with(next) ||
                           (is_script && (kComment.starts_with(next) || kScript.starts_with(next)));
    if (may_go_on) {
      tag_.push_back(c);
      if (next != kComment) return;
      if (script_data_ == ScriptData::kPlain) script_data_ = ScriptData::kEscaped;
      dashes_ = 2;
      WriteRaw(tag_, out);
      tag_.clear();
      state_ = State::kRaw;
      return;
    }
  }
  dashes_ = tag_.ends_with('-') ? 1 : 0;
  WriteRaw(tag_, out);
  tag_.clear();
  state_ = State::kRaw;
  StepRaw(c, out);
}

}  // namespace berth::rewrite
