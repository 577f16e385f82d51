#include "rewrite/javascript_rewriter.h"

#include <algorithm>
#include <array>
#include <utility>

#include "rewrite/url.h"

namespace berth::rewrite {
namespace {

constexpr std::size_t kDeepest = 4096;
constexpr std::size_t kLongestWord = 12;

constexpr std::array<std::string_view, 15> kRoots = {
    "/api/",    "/assets/",    "/auth/",         "/static/", "/icons/",
    "/images/", "/img/",       "/fonts/",        "/media/",  "/ws",
    "/shell",   "/socket.io/", "/manifest.json", "/sw.js",   "/api"};

// After these words a '/' begins a regular expression.
constexpr std::array<std::string_view, 13> kOperatorWords = {
    "return", "typeof", "case", "in", "of",    "delete", "void",
    "throw",  "new",    "else", "do", "await", "yield"};
constexpr std::array<std::string_view, 4> kConditionWords = {"if", "while", "for", "with"};

constexpr bool IsWordByte(char c) {
  return IsLetter(c) || IsDigit(c) || c == '_' || c == '$' || static_cast<unsigned char>(c) >= 0x80;
}
constexpr bool IsNewline(char c) { return c == '\n' || c == '\r'; }

bool IsUnderRoot(std::string_view text, std::string_view root) {
  if (!text.starts_with(root)) return false;
  if (root.ends_with('/') || text.size() == root.size()) return true;
  const char next = text[root.size()];
  return next == '/' || next == '?' || next == '#';
}

}  // namespace

std::span<const std::string_view> KnownRoots() { return kRoots; }

JavascriptRewriter::JavascriptRewriter(std::string prefix, std::span<const std::string_view> roots)
    : prefix_(std::move(prefix)), roots_(roots) {
  for (const auto root : roots_) longest_root_ = std::max(longest_root_, root.size());
}

void JavascriptRewriter::Feed(std::string_view in, std::string& out) {
  out.reserve(out.size() + in.size());
  for (const char c : in) Step(c, out);
}

void JavascriptRewriter::Finish(std::string& out) {
  // A literal without its closing quote is no literal.
  out.append(held_);
  held_.clear();
  if (state_ == State::kSlash) out.push_back('/');
}

void JavascriptRewriter::BeginLiteral(char quote) {
  quote_ = quote;
  held_.clear();
  state_ = State::kLiteral;
}

void JavascriptRewriter::Release(std::string& out) {
  const bool is_known =
      std::ranges::any_of(roots_, [&](auto root) { return IsUnderRoot(held_, root); });
  if (is_known && JudgeWhole(held_, prefix_) == Verdict::kPrefix) out.append(prefix_);
  out.append(held_);
  held_.clear();
  state_ = quote_ == '`' ? State::kTemplate : State::kString;
}

bool JavascriptRewriter::ContinueLiteral(char c, std::string& out) {
  if (c == quote_ || c == '\\' || c == '$' || IsNewline(c)) {
    Release(out);
    return false;
  }
  held_.push_back(c);
  // One byte more than the longest root and the prefix decides everything.
  if (held_[0] != '/' || held_.size() > std::max(longest_root_, prefix_.size())) Release(out);
  return true;
}

void JavascriptRewriter::EndWord() {
  if (word_.empty()) return;
  const bool is_operator = std::ranges::find(kOperatorWords, word_) != kOperatorWords.end();
  was_condition_ = std::ranges::find(kConditionWords, word_) != kConditionWords.end();
  previous_ = is_operator || was_condition_ ? Previous::kOperator : Previous::kOperand;
  word_.clear();
}

void JavascriptRewriter::CloseBracket(char c) {
  const char open = brackets_.empty() ? 0 : brackets_.back();
  if (!brackets_.empty()) brackets_.pop_back();
  if (c == '}' && open == '$') {
    state_ = State::kTemplate;
    quote_ = '`';
    return;
  }
  // A block's end, or a condition's, is followed by a statement; the rest are values.
  previous_ = c == '}' || open == 'c' ? Previous::kOperator : Previous::kOperand;
}

void JavascriptRewriter::Code(char c) {
  if (IsWordByte(c)) {
    if (word_.size() < kLongestWord) word_.push_back(c);
    return;
  }
  EndWord();
  if (IsSpace(c)) return;
  const bool was_condition = std::exchange(was_condition_, false);
  switch (c) {
    case '"':
    case '\'':
    case '`':
      BeginLiteral(c);
      return;
    case '/':
      state_ = State::kSlash;
      return;
    case '(':
    case '[':
    case '{':
      if (brackets_.size() >= kDeepest) is_lost_ = true;
      brackets_.push_back(c == '(' && was_condition ? 'c' : c);
      previous_ = Previous::kOperator;
      return;
    case ')':
    case ']':
    case '}':
      CloseBracket(c);
      return;
    default:
      // "x++ / 2" reads as a regular expression here; it ends with the line.
      previous_ = c == '.' ? Previous::kOperand : Previous::kOperator;
  }
}

void JavascriptRewriter::Step(char c, std::string& out) {
  if (is_lost_) {
    out.push_back(c);
    return;
  }
  switch (state_) {
    case State::kCode:
      Code(c);
      if (state_ == State::kSlash) return;  // Held back.
      break;
    case State::kSlash:
      out.push_back('/');
      if (c == '/') {
        state_ = State::kLineComment;
      } else if (c == '*') {
        state_ = State::kComment;
      } else if (previous_ == Previous::kOperator) {
        state_ = State::kRegex;
        return Step(c, out);
      } else {
        state_ = State::kCode;
        previous_ = Previous::kOperator;
        return Step(c, out);
      }
      break;
    case State::kLineComment:
      if (IsNewline(c)) state_ = State::kCode;
      break;
    case State::kComment:
      if (c == '*') state_ = State::kCommentStar;
      break;
    case State::kCommentStar:
      if (c == '/') {
        state_ = State::kCode;
      } else if (c != '*') {
        state_ = State::kComment;
      }
      break;
    case State::kLiteral:
      if (ContinueLiteral(c, out)) return;
      return Step(c, out);
    case State::kString:
      if (c == '\\') {
        state_ = State::kStringEscape;
      } else if (c == quote_ || IsNewline(c)) {
        state_ = State::kCode;
        previous_ = Previous::kOperand;
      }
      break;
    case State::kStringEscape:
      state_ = State::kString;
      break;
    case State::kTemplate:
      if (c == '\\') {
        state_ = State::kTemplateEscape;
      } else if (c == '$') {
        state_ = State::kTemplateDollar;
      } else if (c == '`') {
        state_ = State::kCode;
        previous_ = Previous::kOperand;
      }
      break;
    case State::kTemplateEscape:
      state_ = State::kTemplate;
      break;
    case State::kTemplateDollar:
      state_ = State::kTemplate;
      if (c != '{') return Step(c, out);
      if (brackets_.size() >= kDeepest) is_lost_ = true;
      brackets_.push_back('$');
      previous_ = Previous::kOperator;
      state_ = State::kCode;
      break;
    case State::kRegex:
      if (c == '\\') state_ = State::kRegexEscape;
      if (c == '[') state_ = State::kRegexClass;
      if (c == '/' || IsNewline(c)) {
        state_ = State::kCode;
        previous_ = Previous::kOperand;
      }
      break;
    case State::kRegexEscape:
      state_ = IsNewline(c) ? State::kCode : State::kRegex;
      break;
    case State::kRegexClass:
      if (c == '\\') state_ = State::kRegexClassEscape;
      if (c == ']') state_ = State::kRegex;
      if (IsNewline(c)) state_ = State::kCode;
      break;
    case State::kRegexClassEscape:
      state_ = IsNewline(c) ? State::kCode : State::kRegexClass;
      break;
  }
  out.push_back(c);
}

}  // namespace berth::rewrite
