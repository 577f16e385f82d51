#include "rewrite/page_script.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

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
constexpr std::string_view kOutputVersion = "2";

std::string Config(std::string_view prefix, const PageSetup& setup) {
  json::array items;
  for (const auto& [key, value] : setup.local_storage) items.push_back({key, value});
  const json::object config = {{"prefix", json::string(prefix)},
                               {"localStorage", std::move(items)},
                               {"basename", setup.router_basename}};
  return ForScript(json::serialize(config));
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
  out.append(prelude_);
  prelude_.clear();
  if (next_) {
    next_->Feed(in, out);
  } else {
    out.append(in);
  }
}

void PreludeRewriter::Finish(std::string& out) {
  Feed({}, out);
  if (next_) next_->Finish(out);
}

}  // namespace berth::rewrite
