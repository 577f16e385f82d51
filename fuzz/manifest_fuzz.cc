// Manifests, import maps, policies, redirects and links: the small texts of a hostile instance.
#include "rewrite/json_text.h"
#include "rewrite/location.h"
#include "rewrite/policy.h"
#include "rewrite/url.h"
#include "rewrite/validators.h"
#include "rewriter_properties.h"

namespace rewrite = berth::rewrite;
using rewrite::fuzz::Require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view in(reinterpret_cast<const char*>(data), size);
  const auto make = [] { return std::make_unique<rewrite::ManifestRewriter>("/p"); };
  // Numbers and escapes may be written longer, and invalid UTF-8 is not taken at all.
  rewrite::fuzz::Check(make, in, 32, true);

  if (const auto merged = rewrite::MergedImportMap(in, "/p")) {
    Require(merged->find('<') == std::string::npos, "a map cannot end its element");
    Require(rewrite::MergedImportMap(*merged, "/p").has_value(), "a merged map is a map");
  }
  const rewrite::Addresses addresses{"/p", nullptr, {"h"}};
  const std::string url = rewrite::FixUrl(in, addresses);
  Require(rewrite::FixUrl(url, addresses) == url, "a URL twice is once");
  const rewrite::UrlFix fix_url = [&](std::string_view one) {
    return rewrite::FixUrl(one, addresses);
  };
  const std::string link = rewrite::FixLink(in, fix_url);
  Require(rewrite::FixLink(link, fix_url) == link, "a link twice is once");
  const std::string refresh = rewrite::FixRefresh(in, fix_url);
  Require(rewrite::FixRefresh(refresh, fix_url) == refresh, "a refresh twice is once");
  const std::string reports = rewrite::FixReportUris(in, fix_url);
  Require(rewrite::FixReportUris(reports, fix_url) == reports, "reports twice are once");
  for (const auto fix : {rewrite::FixReference, rewrite::FixSrcset, rewrite::FixStyleAttribute}) {
    const std::string once = fix(in, "/p");
    Require(fix(once, "/p") == once, "an attribute twice is once");
  }
  const std::string policy = rewrite::AmendPolicies(in, {"u", "'sha256-s'", "'sha256-m'"});
  Require(rewrite::AmendPolicies(policy, {"u", "'sha256-s'", "'sha256-m'"}) == policy,
          "a policy twice is once");
  Require(!rewrite::IsUsablePrefix(in) || in.find_first_of("\"'<>&\\ \r\n") == in.npos,
          "a prefix needs no quoting");
  if (const auto tag = rewrite::DeriveEtag(in, "1a2b")) {
    Require(!rewrite::OriginalEtags(*tag, "1a2b").empty(), "a derived tag leads back");
  }
  const std::string fresh = rewrite::ShortenFreshness(in);
  Require(rewrite::ShortenFreshness(fresh) == fresh, "freshness twice is once");
  return 0;
}
