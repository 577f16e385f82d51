// The script that path mode runs in the browser, with its configuration filled in.
//
// The sources are runtime_common.js, worker_script.js and page_script.js in this folder, embedded
// into the program. Pure functions; safe from any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "rewrite/page_setup.h"
#include "rewrite/rewriter.h"

namespace berth::rewrite {

/// The script for a page. Holds neither "</" nor "<!--", so it may stand inside a script element.
/// `prefix` "" is subdomain mode: only the storage items are set.
std::string PageScript(std::string_view prefix, const PageSetup& setup);

/// The same for what runs before an instance's workers. Ends with a line end.
std::string WorkerPrelude(std::string_view prefix);

/// Eight hexadecimal digits that change whenever our output for an unchanged input may.
std::string RewriteVersion(std::string_view prefix, const PageSetup& setup);

/// Writes `prelude`, then what it is fed, through `next` if that is not null. What begins with "use
/// strict" stays strict: a directive counts in front only, so there it is said once more.
class PreludeRewriter : public Rewriter {
 public:
  PreludeRewriter(std::string prelude, RewriterPtr next)
      : prelude_(std::move(prelude)), next_(std::move(next)) {}

  void Feed(std::string_view in, std::string& out) override;
  void Finish(std::string& out) override;

 private:
  void Begin(bool is_strict, std::string& out);
  void Pass(std::string_view in, std::string& out);

  std::string prelude_;
  const RewriterPtr next_;
  std::string held_;           // Until it is known whether it is strict; bounded.
  std::size_t next_look_ = 0;  // At what size of it that is tried again: pieces may be tiny.
  bool is_begun_ = false;
};

}  // namespace berth::rewrite
