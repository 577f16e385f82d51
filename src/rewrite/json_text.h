// JSON documents of a page that hold references: the web app manifest and import maps, and JSON
// that must stand inside a script element. All are small, read whole, and bounded.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "rewrite/rewriter.h"

namespace berth::rewrite {

/// Bytes of a manifest that are held; a longer one passes unchanged.
inline constexpr std::size_t kLongestManifest = 1024 * 1024;

/// Serialised JSON with '<', '>', '&' and U+2028, U+2029 escaped, so that neither "</script>" nor
/// "<!--" can appear in it.
std::string ForScript(std::string_view json);

/// The import map that leads root-absolute specifiers into the prefix.
std::string ImportMap(std::string_view prefix);

/// The page's own import map with ours merged in, escaped for a script element; nothing if `own` is
/// not a JSON object that base/json.h takes, or holds a number beyond the range of a double.
std::optional<std::string> MergedImportMap(std::string_view own, std::string_view prefix);

/// The manifest with start_url, scope, id and every icon, screenshot, shortcut and handler under
/// the prefix; nothing if it is not such a JSON object, or nothing in it changes.
std::optional<std::string> FixManifest(std::string_view manifest, std::string_view prefix);

/// FixManifest as a Rewriter: what cannot be fixed passes unchanged.
class ManifestRewriter : public Rewriter {
 public:
  /// REQUIRES: IsUsablePrefix(prefix).
  explicit ManifestRewriter(std::string prefix) : prefix_(std::move(prefix)) {}

  void Feed(std::string_view in, std::string& out) override;
  void Finish(std::string& out) override;

 private:
  const std::string prefix_;
  std::string text_;
  bool is_too_long_ = false;
};

}  // namespace berth::rewrite
