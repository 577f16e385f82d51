// HtmlTokenizer: finds the tags of a page as it streams by.
//
// It follows the HTML standard's states (tags, quoted and unquoted attributes, comments, CDATA, raw
// text with the escapes of script data), so that text that only looks like a tag is never taken for
// one. In XML (XHTML), all of a page is as svg and math are in HTML: CDATA sections count, and a
// self-closing tag has no text. One tag is held at a time, at most kLongestTag bytes of it;
// everything else passes through.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "rewrite/html_tag.h"

namespace berth::rewrite {

inline constexpr std::size_t kLongestTag = 64 * 1024;

class HtmlTokenizer {
 public:
  /// What becomes of tags and raw text: it writes them to `out`, as they are or otherwise.
  class Handler {
   public:
    virtual void SeeDoctype() = 0;
    virtual void WriteTag(const HtmlTag& tag, std::string& out) = 0;
    /// Right after the '>' of a tag.
    virtual void PassTag(const HtmlTag& tag, std::string& out) = 0;
    /// The text of the element that `tag` has begun: a script's, a style's and the like.
    virtual void BeginRaw(const HtmlTag& tag) = 0;
    virtual void WriteRaw(std::string_view text, std::string& out) = 0;
    virtual void EndRaw(std::string& out) = 0;

   protected:
    ~Handler() = default;
  };

  /// `handler` must outlive it.
  explicit HtmlTokenizer(Handler& handler, bool is_xml = false)
      : handler_(handler), is_xml_(is_xml) {}
  HtmlTokenizer(const HtmlTokenizer&) = delete;
  HtmlTokenizer& operator=(const HtmlTokenizer&) = delete;

  void Feed(std::string_view in, std::string& out);
  /// The end of the page: writes what is held. Whether it ended between two tags.
  bool Finish(std::string& out);

 private:
  // The names of https://html.spec.whatwg.org/multipage/parsing.html#tokenization, shortened.
  enum class State {
    kText,
    kTagOpen,
    kEndTagOpen,
    kDeclaration,  // After "<!": a comment, doctype or CDATA section, not yet known which.
    kComment,
    kBogusComment,
    kCdata,
    kTagName,
    kBeforeName,
    kName,
    kAfterName,
    kBeforeValue,
    kQuotedValue,
    kUnquotedValue,
    kAfterQuotedValue,
    kSelfClosing,
    kRaw,
    kRawLessThan,  // After '<' in raw text: what could be its end is in tag_.
    kPlaintext,
  };
  enum class ScriptData { kPlain, kEscaped, kDoubleEscaped };

  void Step(char c, std::string& out);
  void StepDeclaration(char c, std::string& out);
  void StepComment(char c, std::string& out);
  void StepCdata(char c, std::string& out);
  void StepTag(char c, std::string& out);
  void StepRaw(char c, std::string& out);
  void StepRawLessThan(char c, std::string& out);

  void FlushTag(std::string& out);
  void BeginTag(bool is_end);
  void BeginAttribute();
  void EndName();
  void EndValue();
  void AppendToTag(char c, std::string& out);
  void EndTag(bool is_self_closing, std::string& out);
  void EnterRaw();
  bool is_foreign() const { return is_xml_ || foreign_depth_ > 0; }

  Handler& handler_;
  const bool is_xml_;
  State state_ = State::kText;

  HtmlTag tag_;                // Its text is the token at hand, whatever it will be.
  HtmlTag::Attribute open_{};  // The attribute being read; complete ones are in the tag.
  char quote_ = 0;

  std::uint32_t dashes_ = 0;  // Of a comment's or script's end.
  bool is_comment_start_ = false;
  bool is_bang_ = false;
  std::uint32_t brackets_ = 0;
  std::uint32_t foreign_depth_ = 0;  // Inside svg or math.

  std::string raw_end_;  // "</script" and the like.
  ScriptData script_data_ = ScriptData::kPlain;
};

}  // namespace berth::rewrite
