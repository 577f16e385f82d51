// HTML: references in attributes move under the prefix, our script and import map are injected, and
// links to a manifest get crossorigin="use-credentials".
//
// What is a tag, html_tokenizer.h finds out. Of one longer than kLongestTag, the attributes that
// were complete by then are rewritten.
//
// The script goes right after <head ...>, else before the first other tag. The import map must come
// after the page's own and before the first module: it waits for a module script or preload, or the
// end of the body, and is merged into the page's own map if that comes first and may be changed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "rewrite/html_tokenizer.h"
#include "rewrite/rewriter.h"

namespace berth::rewrite {

inline constexpr std::size_t kLongestImportMap = 64 * 1024;

/// What is injected where.
enum class Injection {
  kNever,
  kIntoDocuments,  ///< Only where a doctype, <html> or <head> shows a whole document.
  kAlways,
};

struct HtmlOptions {
  std::string prefix = {};  ///< "": references stay. REQUIRES: "" or IsUsablePrefix.
  Injection injection = Injection::kNever;
  std::string script_element = {};      ///< Injected first; "": none.
  std::string import_map_element = {};  ///< Injected before the first module; "": none.
  std::string import_map_hash = {};  ///< A policy's source for it, for policies in meta elements.
  bool is_policy_strict = false;  ///< The page's own import map may be changed only with a nonce.
  bool rewrites_javascript = false;
  bool is_xml = false;  ///< The page is XHTML.
};

class HtmlRewriter : public Rewriter, private HtmlTokenizer::Handler {
 public:
  explicit HtmlRewriter(HtmlOptions options) : options_(std::move(options)) {}

  void Feed(std::string_view in, std::string& out) override;
  void Finish(std::string& out) override;

 private:
  enum class Raw { kPass, kThroughRewriter, kImportMap };

  void SeeDoctype() override;
  /// Writes the tag with its attributes rewritten, after what is injected before it.
  void WriteTag(const HtmlTag& tag, std::string& out) override;
  void PassTag(const HtmlTag& tag, std::string& out) override;
  void BeginRaw(const HtmlTag& tag) override;
  void WriteRaw(std::string_view text, std::string& out) override;
  void EndRaw(std::string& out) override;

  void InjectBefore(const HtmlTag& tag, std::string& out);
  void InjectScript(std::string& out);
  void InjectImportMap(std::string& out);
  /// The attribute's new value, or the old one. `meta` is the "http-equiv" of a meta element: found
  /// once for each tag, because a tag may have thousands of attributes.
  std::string RewriteValue(const HtmlTag& tag, const HtmlTag::Attribute& attribute,
                           std::string_view name, std::string_view meta);
  bool LosesIntegrity(const HtmlTag& tag) const;

  HtmlOptions options_;
  HtmlTokenizer tokenizer_{*this, options_.is_xml};

  Raw raw_ = Raw::kPass;
  RewriterPtr raw_rewriter_;
  std::string held_map_;

  bool is_document_ = false;
  bool is_script_settled_ = false;  // Injected, or decided against.
  bool is_map_pending_ = false;
};

}  // namespace berth::rewrite
