// CSS: url(/x) and @import "/x" move under the prefix.
//
// A streaming scanner that knows comments, strings and escapes. url( spelled with escapes is left
// alone; so are strings that are not an @import's.
#pragma once

#include <string>
#include <string_view>

#include "rewrite/rewriter.h"

namespace berth::rewrite {

class CssRewriter : public Rewriter {
 public:
  /// REQUIRES: IsUsablePrefix(prefix).
  explicit CssRewriter(std::string prefix) : prefix_(std::move(prefix)) {}

  void Feed(std::string_view in, std::string& out) override;
  void Finish(std::string& out) override;

 private:
  enum class State {
    kNormal,
    kEscape,  // After '\' outside strings.
    kSlash,   // After '/' outside strings: a comment may begin.
    kComment,
    kCommentStar,  // After '*' inside a comment.
    kString,
    kStringEscape,
    kUrlStart,   // After "url(": white space, then a quote or the reference.
    kReference,  // Inside a reference that is not yet judged; its bytes are in held_.
    kUrl,        // Inside an unquoted url(), judged.
    kUrlEscape,
  };

  void Step(char c, std::string& out);
  void Normal(char c);
  void BeginReference(char quote);
  /// Feeds the judge; returns false if `c` ended the reference and must be seen again.
  bool Judge(char c, std::string& out);
  void Release(bool with_prefix, std::string& out);

  const std::string prefix_;
  State state_ = State::kNormal;
  char quote_ = 0;       // Of the string or the reference; 0: unquoted url().
  bool import_ = false;  // After "@import", before its reference.
  std::string word_;     // The identifier before this byte, lower case, cut at kLongestWord.
  std::string held_;     // At most prefix_.size() + 1 bytes.
};

}  // namespace berth::rewrite
