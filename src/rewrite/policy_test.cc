#include "rewrite/policy.h"

#include <gtest/gtest.h>

namespace berth::rewrite {
namespace {

using Kind = ScriptAdmission::Kind;

ScriptAdmission Examine(std::vector<std::string_view> values) { return ExaminePolicies(values); }

TEST(PolicyTest, PagesThatAdmitInlineScriptsNeedNoChange) {
  EXPECT_EQ(Examine({}).kind, Kind::kInline);
  EXPECT_EQ(Examine({"img-src 'none'"}).kind, Kind::kInline);
  EXPECT_EQ(Examine({"script-src 'self' 'unsafe-inline'; default-src 'none'"}).kind, Kind::kInline);
}

TEST(PolicyTest, ANonceIsUsedIfItFitsEveryPolicy) {
  const auto admission = Examine({"script-src 'nonce-abc+/=' 'strict-dynamic', img-src *"});
  EXPECT_EQ(admission.kind, Kind::kNonce);
  EXPECT_EQ(admission.nonce, "abc+/=");
  EXPECT_EQ(Examine({"script-src 'nonce-a'", "script-src 'nonce-b'"}).kind, Kind::kAmended);
  EXPECT_EQ(Examine({"script-src 'nonce-a'", "script-src 'self'"}).kind, Kind::kAmended);
  EXPECT_EQ(Examine({"script-src 'nonce-\"><script>'"}).kind, Kind::kAmended);
}

TEST(PolicyTest, ReportUrisAreFixedAndNothingElse) {
  const std::pair<const char*, const char*> cases[] = {
      {"report-uri /r", "report-uri !/r"},
      {"img-src /r;Report-URI /r  x ; script-src 'self'",
       "img-src /r;Report-URI !/r  !x ; script-src 'self'"},
      {" ; default-src report-uri /r", " ; default-src report-uri /r"},
      {"report-uri;img-src /a,report-uri /b", "report-uri;img-src /a,report-uri !/b"},
      {"", ""},
  };
  const auto mark = [](std::string_view url) { return "!" + std::string(url); };
  for (const auto& [in, out] : cases) EXPECT_EQ(FixReportUris(in, mark), out);
}

TEST(PolicyTest, OtherPoliciesMustBeAmended) {
  for (const auto policy :
       {"script-src 'self'", "default-src 'none'", "script-src 'sha256-x' 'unsafe-inline'",
        "SCRIPT-SRC 'self'", "script-src", "script-src-elem 'none'; script-src *"}) {
    EXPECT_EQ(Examine({policy}).kind, Kind::kAmended) << policy;
  }
}

TEST(PolicyTest, OnlyOurScriptsAreAdded) {
  const PolicyAdditions external{"hub/P/page.js", "'sha256-s'", "'sha256-m'"};
  const std::pair<const char*, const char*> cases[] = {
      {"img-src 'none'", "img-src 'none'"},
      {"script-src 'self'", "script-src 'self' 'sha256-m'"},
      {"script-src https://cdn", "script-src https://cdn hub/P/page.js 'sha256-m'"},
      {"script-src 'none'; img-src *", "script-src hub/P/page.js 'sha256-m'; img-src *"},
      {"img-src *;script-src 'self'", "img-src *;script-src 'self' 'sha256-m'"},
      {"script-src 'sha256-q' 'strict-dynamic'",
       "script-src 'sha256-q' 'strict-dynamic' 'sha256-s' 'sha256-m'"},
      {"default-src 'self'", "default-src 'self'; script-src 'self' 'sha256-m'"},
      {"default-src 'none'", "default-src 'none'; script-src hub/P/page.js 'sha256-m'"},
      {"script-src 'unsafe-inline'", "script-src 'unsafe-inline' hub/P/page.js"},
      {"script-src 'self', script-src *", "script-src 'self' 'sha256-m', script-src * 'sha256-m'"},
      {"script-src 'self' 'sha256-m'", "script-src 'self' 'sha256-m'"},
  };
  for (const auto& [in, out] : cases) EXPECT_EQ(AmendPolicies(in, external), out);

  const PolicyAdditions is_inline{"", "'sha256-s'", ""};
  EXPECT_EQ(AmendPolicies("script-src 'self'", is_inline), "script-src 'self' 'sha256-s'");
  EXPECT_EQ(AmendPolicies("script-src 'unsafe-inline'", is_inline), "script-src 'unsafe-inline'");
}

TEST(PolicyTest, HashesAreThoseOfBrowsers) {
  EXPECT_EQ(HashSource("alert('Hello, world.');"),
            "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='");
}

}  // namespace
}  // namespace berth::rewrite
