// Content-Security-Policy: what a page's policies say about the scripts that we add, and the least
// change that admits them.
//
// A page without a policy, with a nonce, or that admits inline scripts anyway needs no change. Else
// exactly our script (by URL or by hash) and our import map (by hash) are added to the list that
// governs script elements, and nothing more is loosened. Report-only policies are left alone, but
// for where they report to.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "rewrite/url.h"

namespace berth::rewrite {

/// How our scripts get into a page.
struct ScriptAdmission {
  enum class Kind {
    kInline,   ///< Inline, no change.
    kNonce,    ///< Inline with the page's own nonce, no change.
    kAmended,  ///< The policies must be amended with AmendPolicies.
  };
  Kind kind = Kind::kInline;
  std::string nonce;  ///< Of kNonce; safe in an attribute.
};

/// Examines every policy of a response. Each entry is one field's value, which may hold several
/// policies separated by commas.
ScriptAdmission ExaminePolicies(std::span<const std::string_view> values);

/// What to admit; sources as they are written in a policy.
struct PolicyAdditions {
  std::string script_url;   ///< host/path of the external script; "": it is inline.
  std::string script_hash;  ///< 'sha256-...', quotes included.
  std::string map_hash;     ///< Likewise of the import map; "": there is none.
};

/// One field's value with the additions where they are needed.
std::string AmendPolicies(std::string_view value, const PolicyAdditions& additions);

/// One field's value with the URLs of every report-uri as `fix` has them.
std::string FixReportUris(std::string_view value, const UrlFix& fix);

/// 'sha256-...' of an inline script's text, quotes included; `IntegrityOf` without the quotes.
std::string HashSource(std::string_view script);
std::string IntegrityOf(std::string_view script);

}  // namespace berth::rewrite
