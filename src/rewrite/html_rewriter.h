// HTML: references in attributes move under the prefix, and our script and import map are injected.
//
// A streaming tokenizer that follows the HTML standard's states (tags, quoted and unquoted
// attributes, comments, CDATA, raw text with the escapes of script data), so that text that only
// looks like a tag is never touched. One tag is held at a time, at most kLongestTag bytes of it; of
// a longer one the attributes that were complete by then are rewritten.
//
// The script goes right after <head ...>, else before the first other tag. The import map must come
// after the page's own and before the first module: it waits for a module script or preload, or the
// end of the body, and is merged into the page's own map if that comes first and may be changed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rewrite/rewriter.h"

namespace berth::rewrite {

inline constexpr std::size_t kLongestTag = 64 * 1024;
inline constexpr std::size_t kLongestImportMap = 64 * 1024;

/// What is injected where.
enum class Injection {
  kNever,
  kIntoDocuments,  ///< Only where a doctype, <html> or <head> shows a whole document.
  kAlways,
};

struct HtmlOptions {
  std::string prefix = {};  ///< "": nothing is rewritten. REQUIRES: "" or IsUsablePrefix.
  Injection injection = Injection::kNever;
  std::string script_element = {};      ///< Injected first; "": none.
  std::string import_map_element = {};  ///< Injected before the first module; "": none.
  std::string import_map_hash = {};  ///< A policy's source for it, for policies in meta elements.
  bool is_policy_strict = false;  ///< The page's own import map may be changed only with a nonce.
  bool rewrites_javascript = false;
};

class HtmlRewriter : public Rewriter {
 public:
  explicit HtmlRewriter(HtmlOptions options) : options_(std::move(options)) {}

  void Feed(std::string_view in, std::string& out) override;
  void Finish(std::string& out) override;

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
  enum class Raw { kPass, kThroughRewriter, kImportMap };
  enum class ScriptData { kPlain, kEscaped, kDoubleEscaped };
  struct Attribute {
    std::uint32_t name, name_size, value, value_size;  // Of tag_.
  };

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

  /// Writes tag_ with its attributes rewritten, after what is injected before it.
  void WriteTag(std::string& out);
  void InjectBefore(std::string& out);
  void InjectScript(std::string& out);
  void InjectImportMap(std::string& out);
  void EnterRaw();
  void LeaveRaw(std::string& out);
  void WriteRaw(std::string_view text, std::string& out);

  std::string_view Text(std::uint32_t at, std::uint32_t size) const {
    return std::string_view(tag_).substr(at, size);
  }
  /// The value of the tag's attribute of that lower-case name, still HTML-encoded; "" if absent.
  std::string_view ValueOf(std::string_view name) const;
  bool HasAttribute(std::string_view name) const;
  /// The attribute's new value, or the old one.
  std::string RewriteValue(const Attribute& attribute, std::string_view name);
  bool LosesIntegrity() const;

  HtmlOptions options_;
  State state_ = State::kText;

  std::string tag_;  // The token at hand, from its '<'.
  bool is_end_tag_ = false;
  bool is_spilled_ = false;  // The tag was longer than kLongestTag: the rest passes through.
  std::string name_;         // Lower case, cut at kLongestName.
  std::vector<Attribute> attributes_;
  Attribute open_{};  // The attribute being read; complete ones are in attributes_.
  char quote_ = 0;

  std::uint32_t dashes_ = 0;  // Of a comment's or script's end.
  bool is_comment_start_ = false;
  bool is_bang_ = false;
  std::uint32_t brackets_ = 0;
  std::uint32_t foreign_depth_ = 0;  // Inside svg or math.

  Raw raw_ = Raw::kPass;
  std::string raw_end_;  // "</script" and the like.
  ScriptData script_data_ = ScriptData::kPlain;
  RewriterPtr raw_rewriter_;
  std::string held_map_;

  bool is_document_ = false;
  bool is_script_settled_ = false;  // Injected, or decided against.
  bool is_map_pending_ = false;
};

}  // namespace berth::rewrite
