#include "rewrite/page_script.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <utility>

#include "base/encoding.h"
#include "base/hash.h"
#include "embedded/PageScriptSource.h"
#include "embedded/RuntimeCommon.h"
#include "embedded/WorkerScriptSource.h"
#include "rewrite/json_text.h"

namespace berth::rewrite {
namespace {

namespace json = boost::json;

// Raise it when a rewriter's output changes: cached copies in browsers then lose their validity.
constexpr std::string_view kOutputVersion = "3";

std::string Config(std::string_view prefix, const PageSetup& setup) {
  json::array items;
  for (const auto& [key, value] : setup.local_storage) items.push_back({key, value});
  const json::object config = {{"prefix", json::string(prefix)},
                               {"localStorage", std::move(items)},
                               {"basename", setup.router_basename}};
  return ForScript(json::serialize(config));
}

constexpr std::string_view kDirective = "use strict";
// White space and comments, as of a licence, that may stand before it.
constexpr std::size_t kLongestPrologue = 64 * 1024;

/// Whether a script that begins so is strict by its first directive; nothing while that is open.
std::optional<bool> IsStrict(std::string_view begun) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (begun.starts_with(kMark)) begun.remove_prefix(kMark.size());
  for (;;) {
    const std::size_t start = begun.find_first_not_of(" \t\r\n\v\f");
    if (start == std::string_view::npos) return std::nullopt;
    begun.remove_prefix(start);
    const bool is_line = begun.starts_with("//");
    if (!is_line && !begun.starts_with("/*")) break;
    const std::string_view closer = is_line ? "\n" : "*/";
    const std::size_t end = begun.find(closer, 2);
    if (end == std::string_view::npos) return std::nullopt;
    begun.remove_prefix(end + closer.size());
  }
  if (begun == "/" || begun == kMark.substr(0, begun.size())) return std::nullopt;
  const char quote = begun.front();
  if (quote != '"' && quote != '\'') return false;
  begun.remove_prefix(1);
  const std::size_t known = std::min(begun.size(), kDirective.size());
  if (begun.substr(0, known) != kDirective.substr(0, known)) return false;
  if (begun.size() < kDirective.size() + 2) return std::nullopt;
  // A string that an expression begins with is no directive.
  return begun[known] == quote && std::string_view(";\r\n}").contains(begun[known + 1]);
}

// One function for pages and workers, because it also hands its own text to workers. It has a name
// to find that by.
std::string Assemble(std::string_view config) {
  return fmt::format("(function berth(config){{\n{}{}{}}})({});\n", embedded::RuntimeCommon(),
                     embedded::WorkerScriptSource(), embedded::PageScriptSource(), config);
}

}  // namespace

std::string PageScript(std::string_view prefix, const PageSetup& setup) {
  return Assemble(Config(prefix, setup));
}

std::string WorkerPrelude(std::string_view prefix) { return Assemble(Config(prefix, {})); }

std::string RewriteVersion(std::string_view prefix, const PageSetup& setup) {
  static const Sha256Digest scripts =
      Sha256(std::string(embedded::RuntimeCommon()) + std::string(embedded::PageScriptSource()) +
             std::string(embedded::WorkerScriptSource()));
  const Sha256Digest digest =
      Sha256(fmt::format("{} {} {} {}", kOutputVersion, HexEncode(scripts),
                         setup.rewrite_javascript ? 1 : 0, Config(prefix, setup)));
  return HexEncode(std::span(digest).first(4));
}

void PreludeRewriter::Feed(std::string_view in, std::string& out) {
  if (is_begun_) return Pass(in, out);
  held_.append(in);
  if (held_.size() < next_look_) return;
  next_look_ = std::min(2 * held_.size(), kLongestPrologue + 1);
  const auto is_strict = IsStrict(held_);
  if (is_strict || held_.size() > kLongestPrologue) Begin(is_strict.value_or(false), out);
}

void PreludeRewriter::Finish(std::string& out) {
  if (!is_begun_) Begin(IsStrict(held_ + '\n').value_or(false), out);
  if (next_) next_->Finish(out);
}

void PreludeRewriter::Begin(bool is_strict, std::string& out) {
  is_begun_ = true;
  if (is_strict) out.append("\"use strict\";");
  out.append(prelude_);
  prelude_.clear();
  Pass(std::exchange(held_, {}), out);
}

void PreludeRewriter::Pass(std::string_view in, std::string& out) {
  if (next_) {
    next_->Feed(in, out);
  } else {
    out.append(in);
  }
}

}  // namespace berth::rewrite
