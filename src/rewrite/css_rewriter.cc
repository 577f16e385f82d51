#include "rewrite/css_rewriter.h"

#include "base/text.h"
#include "rewrite/url.h"

namespace berth::rewrite {
namespace {

constexpr std::size_t kLongestWord = 8;  // "@import" and one more, to tell "@imports" apart.

constexpr bool IsWordByte(char c) {
  return IsLetter(c) || IsDigit(c) || c == '-' || c == '_' || c == '@' ||
         static_cast<unsigned char>(c) >= 0x80;
}
constexpr bool IsNewline(char c) { return c == '\n' || c == '\r' || c == '\f'; }

}  // namespace

void CssRewriter::Feed(std::string_view in, std::string& out) {
  out.reserve(out.size() + in.size());
  for (const char c : in) Step(c, out);
}

void CssRewriter::Finish(std::string& out) {
  if (state_ == State::kReference) {
    Release(JudgeWhole(held_, prefix_) == Verdict::kPrefix, out);
  }
}

void CssRewriter::BeginReference(char quote) {
  quote_ = quote;
  import_ = false;
  word_.clear();
  held_.clear();
  state_ = State::kReference;
}

void CssRewriter::Release(bool with_prefix, std::string& out) {
  if (with_prefix) out.append(prefix_);
  out.append(held_);
  held_.clear();
  state_ = quote_ != 0 ? State::kString : State::kUrl;
}

bool CssRewriter::Judge(char c, std::string& out) {
  const bool ends = quote_ != 0 ? c == quote_ || IsNewline(c) : c == ')' || IsSpace(c);
  if (ends || c == '\\') {
    // An escape right after the first slash may stand for a second one.
    const bool is_doubtful = c == '\\' && held_ == "/";
    Release(!is_doubtful && JudgeWhole(held_, prefix_) == Verdict::kPrefix, out);
    return false;
  }
  held_.push_back(c);
  const Verdict verdict = JudgeStart(held_, prefix_);
  if (verdict != Verdict::kUndecided) Release(verdict == Verdict::kPrefix, out);
  return true;
}

void CssRewriter::Normal(char c) {
  if (c == '"' || c == '\'') {
    if (import_ || word_ == "@import") {
      BeginReference(c);
    } else {
      quote_ = c;
      state_ = State::kString;
    }
    word_.clear();
    return;
  }
  if (IsWordByte(c)) {
    if (c == '@') word_.clear();
    import_ = false;
    if (word_.size() < kLongestWord) word_.push_back(ToLower(c));
    return;
  }
  const bool is_url = c == '(' && word_ == "url";
  if (word_ == "@import") import_ = true;
  // Only white space and comments may stand between @import and its string.
  if (!IsSpace(c) && c != '/' && !is_url) import_ = false;
  word_.clear();
  if (is_url) {
    state_ = State::kUrlStart;
  } else if (c == '\\') {
    word_.push_back('\\');  // An escape is part of a word that is none of ours.
    state_ = State::kEscape;
  } else if (c == '/') {
    state_ = State::kSlash;
  }
}

void CssRewriter::Step(char c, std::string& out) {
  switch (state_) {
    case State::kReference:
      if (Judge(c, out)) return;
      return Step(c, out);
    case State::kNormal:
      Normal(c);
      break;
    case State::kEscape:
      state_ = State::kNormal;
      break;
    case State::kSlash:
      state_ = State::kNormal;
      if (c == '*') {
        state_ = State::kComment;
      } else {
        import_ = false;
        return Step(c, out);
      }
      break;
    case State::kComment:
      if (c == '*') state_ = State::kCommentStar;
      break;
    case State::kCommentStar:
      if (c == '/') {
        state_ = State::kNormal;
      } else if (c != '*') {
        state_ = State::kComment;
      }
      break;
    case State::kString:
      if (c == '\\') {
        state_ = State::kStringEscape;
      } else if (c == quote_ || IsNewline(c)) {
        state_ = State::kNormal;
      }
      break;
    case State::kStringEscape:
      state_ = State::kString;
      break;
    case State::kUrlStart:
      if (IsSpace(c)) break;
      if (c == '"' || c == '\'') {
        BeginReference(c);
        break;
      }
      BeginReference(0);
      return Step(c, out);
    case State::kUrl:
      if (c == ')') state_ = State::kNormal;
      if (c == '\\') state_ = State::kUrlEscape;
      break;
    case State::kUrlEscape:
      state_ = State::kUrl;
      break;
  }
  out.push_back(c);
}

}  // namespace berth::rewrite
