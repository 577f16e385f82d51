#include "rewrite/html_tokenizer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "http/fields.h"
#include "rewrite/url.h"

namespace berth::rewrite {
namespace {

constexpr std::size_t kLongestName = 32;

constexpr std::array<std::string_view, 8> kRawElements = {
    "script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"};

bool HasRawText(std::string_view element) {
  return std::ranges::find(kRawElements, element) != kRawElements.end();
}

}  // namespace

void HtmlTokenizer::Feed(std::string_view in, std::string& out) {
  out.reserve(out.size() + in.size());
  std::size_t at = 0;
  while (at < in.size()) {
    const bool is_plain_raw = state_ == State::kRaw && script_data_ == ScriptData::kPlain;
    if (state_ == State::kText || is_plain_raw) {
      const std::size_t end = std::min(in.find('<', at), in.size());
      if (is_plain_raw) {
        handler_.WriteRaw(in.substr(at, end - at), out);
      } else {
        out.append(in.substr(at, end - at));
      }
      at = end;
      if (at == in.size()) return;
    }
    Step(in[at++], out);
  }
}

bool HtmlTokenizer::Finish(std::string& out) {
  const bool is_between_tags = state_ == State::kText;
  if (state_ == State::kRawLessThan) {
    handler_.WriteRaw(tag_.text, out);
    tag_.text.clear();
  }
  if (state_ == State::kRaw || state_ == State::kRawLessThan) handler_.EndRaw(out);
  if (!tag_.is_cut) FlushTag(out);  // A tag without its end is dropped by browsers; so be it.
  return is_between_tags;
}

void HtmlTokenizer::Step(char c, std::string& out) {
  switch (state_) {
    case State::kText:
      if (c == '<') {
        tag_.text = "<";
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
        tag_.text.push_back(c);
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

void HtmlTokenizer::StepDeclaration(char c, std::string& out) {
  constexpr std::string_view kComment = "<!--";
  constexpr std::string_view kDoctype = "<!doctype";
  constexpr std::string_view kCdata = "<![cdata[";
  const std::string seen = ToLower(tag_.text) + ToLower(c);
  if (!kComment.starts_with(seen) && !kDoctype.starts_with(seen) && !kCdata.starts_with(seen)) {
    FlushTag(out);
    state_ = State::kBogusComment;
    return Step(c, out);
  }
  tag_.text.push_back(c);
  if (seen == kComment) {
    FlushTag(out);
    state_ = State::kComment;
    dashes_ = 2;
    is_comment_start_ = true;
    is_bang_ = false;
  } else if (seen == kDoctype) {
    FlushTag(out);
    state_ = State::kBogusComment;
    handler_.SeeDoctype();
  } else if (seen == kCdata) {
    FlushTag(out);
    state_ = is_foreign() ? State::kCdata : State::kBogusComment;
    brackets_ = 0;
  }
}

void HtmlTokenizer::StepComment(char c, std::string& out) {
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

void HtmlTokenizer::StepCdata(char c, std::string& out) {
  out.push_back(c);
  if (c == '>' && brackets_ >= 2) state_ = State::kText;
  brackets_ = c == ']' ? brackets_ + 1 : 0;
}

void HtmlTokenizer::StepTag(char c, std::string& out) {
  switch (state_) {
    case State::kTagName:
      if (!IsSpace(c) && c != '/' && c != '>') {
        if (tag_.name.size() < kLongestName) tag_.name.push_back(ToLower(c));
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
      tag_.attributes.push_back(open_);  // Without a value.
      state_ = State::kBeforeName;
      return StepTag(c, out);
    case State::kBeforeValue:
      if (IsSpace(c)) break;
      if (c == '>') {
        tag_.attributes.push_back(open_);
        return EndTag(false, out);
      }
      open_.value = static_cast<std::uint32_t>(tag_.text.size());
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

void HtmlTokenizer::FlushTag(std::string& out) {
  out.append(tag_.text);
  tag_.text.clear();
}

void HtmlTokenizer::BeginTag(bool is_end) {
  tag_.is_end = is_end;
  tag_.is_cut = false;
  tag_.name.clear();
  tag_.attributes.clear();
  state_ = State::kTagName;
}

void HtmlTokenizer::BeginAttribute() {
  open_ = {};
  open_.name = static_cast<std::uint32_t>(tag_.text.size());
}

void HtmlTokenizer::EndName() {
  open_.name_size = static_cast<std::uint32_t>(tag_.text.size()) - open_.name;
}

void HtmlTokenizer::EndValue() {
  open_.value_size = static_cast<std::uint32_t>(tag_.text.size()) - open_.value;
  if (!tag_.is_cut) tag_.attributes.push_back(open_);
}

void HtmlTokenizer::AppendToTag(char c, std::string& out) {
  if (tag_.is_cut) {
    out.push_back(c);
    tag_.attributes.clear();
    return;
  }
  tag_.text.push_back(c);
  if (tag_.text.size() < kLongestTag) return;
  tag_.is_cut = true;
  handler_.WriteTag(tag_, out);
}

void HtmlTokenizer::EndTag(bool is_self_closing, std::string& out) {
  if (tag_.is_cut) {
    out.push_back('>');
  } else {
    tag_.text.push_back('>');
    handler_.WriteTag(tag_, out);
  }
  state_ = State::kText;
  if (tag_.name == "svg" || tag_.name == "math") {
    if (!tag_.is_end && !is_self_closing) ++foreign_depth_;
    if (tag_.is_end && foreign_depth_ > 0) --foreign_depth_;
  }
  handler_.PassTag(tag_, out);
  if (!tag_.is_end) {
    if (tag_.name == "plaintext" && !is_foreign()) state_ = State::kPlaintext;
    if (HasRawText(tag_.name) && !(is_foreign() && (is_self_closing || tag_.name == "title"))) {
      EnterRaw();
    }
  }
  tag_.text.clear();
  tag_.attributes.clear();
  tag_.is_cut = false;
}

void HtmlTokenizer::EnterRaw() {
  state_ = State::kRaw;
  raw_end_ = "</" + tag_.name;
  script_data_ = ScriptData::kPlain;
  handler_.BeginRaw(tag_);
}

void HtmlTokenizer::StepRaw(char c, std::string& out) {
  if (c == '<') {
    tag_.text = "<";
    state_ = State::kRawLessThan;
    return;
  }
  if (script_data_ != ScriptData::kPlain) {
    if (c == '>' && dashes_ >= 2) script_data_ = ScriptData::kPlain;
    dashes_ = c == '-' ? dashes_ + 1 : 0;
  }
  handler_.WriteRaw({&c, 1}, out);
}

// A script may hold "<!-- <script> </script> -->", whose inner end tag does not end it:
// https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements
void HtmlTokenizer::StepRawLessThan(char c, std::string& out) {
  constexpr std::string_view kComment = "<!--";
  constexpr std::string_view kScript = "<script";
  const bool is_script = raw_end_ == "</script";
  const std::string seen = ToLower(tag_.text);
  const bool is_delimiter = IsSpace(c) || c == '/' || c == '>';
  if (is_delimiter && seen == raw_end_ && script_data_ != ScriptData::kDoubleEscaped) {
    handler_.EndRaw(out);
    const std::string name = raw_end_.substr(2);
    BeginTag(true);
    tag_.name = name;
    return StepTag(c, out);
  }
  if (is_delimiter && is_script && seen == raw_end_) {
    script_data_ = ScriptData::kEscaped;
  } else if (is_delimiter && script_data_ == ScriptData::kEscaped && seen == kScript) {
    script_data_ = ScriptData::kDoubleEscaped;
  } else {
    const std::string next = seen + ToLower(c);
    const bool may_go_on = raw_end_.starts_with(next) ||
                           (is_script && (kComment.starts_with(next) || kScript.starts_with(next)));
    if (may_go_on) {
      tag_.text.push_back(c);
      if (next != kComment) return;
      if (script_data_ == ScriptData::kPlain) script_data_ = ScriptData::kEscaped;
      dashes_ = 2;
      handler_.WriteRaw(tag_.text, out);
      tag_.text.clear();
      state_ = State::kRaw;
      return;
    }
  }
  dashes_ = tag_.text.ends_with('-') ? 1 : 0;
  handler_.WriteRaw(tag_.text, out);
  tag_.text.clear();
  state_ = State::kRaw;
  StepRaw(c, out);
}

}  // namespace berth::rewrite
