// JavaScript, where an instance is configured for it (off by default): string literals that begin
// with a known root-relative path move under the prefix.
//
// A lexer that knows strings, templates, regular expressions and comments. Only "..." and '...'
// literals and the first piece of `...` are looked at, and only those that begin with one of the
// given roots: most strings that look like paths are not (routes, slash commands, patterns). Where
// '/' could be a division or a regular expression the token before it decides; a wrong guess ends
// at the line's end and can only hide literals.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rewrite/rewriter.h"

namespace berth::rewrite {

/// Paths that web interfaces commonly serve. One that ends with '/' matches everything below; the
/// others match themselves and what follows after '/', '?' or '#'.
std::span<const std::string_view> KnownRoots();

class JavascriptRewriter : public Rewriter {
 public:
  /// REQUIRES: IsUsablePrefix(prefix); `roots` begin with '/' and outlive the rewriter.
  JavascriptRewriter(std::string prefix, std::span<const std::string_view> roots);

  void Feed(std::string_view in, std::string& out) override;
  void Finish(std::string& out) override;

 private:
  enum class State {
    kCode,
    kSlash,  // After '/': a comment, a division or a regular expression; held back.
    kLineComment,
    kComment,
    kCommentStar,
    kLiteral,  // Inside a literal that is not yet judged; its bytes are in held_.
    kString,
    kStringEscape,
    kTemplate,
    kTemplateEscape,
    kTemplateDollar,
    kRegex,
    kRegexEscape,
    kRegexClass,
    kRegexClassEscape,
  };
  enum class Previous { kOperator, kOperand };

  void Step(char c, std::string& out);
  void Code(char c);
  void CloseBracket(char c);
  void EndWord();
  void BeginLiteral(char quote);
  bool ContinueLiteral(char c, std::string& out);
  void Release(std::string& out);

  const std::string prefix_;
  const std::span<const std::string_view> roots_;
  std::size_t longest_root_ = 0;
  State state_ = State::kCode;
  Previous previous_ = Previous::kOperator;
  bool was_condition_ = false;  // The last word was if, while, for or with.
  char quote_ = 0;
  std::string word_;  // The identifier before this byte, cut at kLongestWord.
  std::string held_;
  // Open brackets: '(' ordinary, 'c' of a condition, '[', '{', '$' of a template substitution.
  std::vector<char> brackets_;
  bool is_lost_ = false;  // Nested too deeply: everything else passes unchanged.
};

}  // namespace berth::rewrite
