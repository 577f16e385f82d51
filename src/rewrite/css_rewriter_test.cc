#include "rewrite/css_rewriter.h"

#include "rewrite/rewriter_testing.h"

namespace berth::rewrite {
namespace {

using testing::Case;

constexpr std::string_view kPrefix = "/clients/x/proxy";

std::string Css(std::string_view in) {
  return testing::Rewrite([] { return std::make_unique<CssRewriter>(std::string(kPrefix)); }, in);
}

TEST(CssRewriterTest, UrlsAndImportsMoveUnderThePrefix) {
  const Case cases[] = {
      {"a{b:url(/x.png)}", "a{b:url(/clients/x/proxy/x.png)}"},
      {"a{b:url( /x.png )}", "a{b:url( /clients/x/proxy/x.png )}"},
      {"a{b:url(\"/x.png\")}", "a{b:url(\"/clients/x/proxy/x.png\")}"},
      {"a{b:URL( '/x.png')}", "a{b:URL( '/clients/x/proxy/x.png')}"},
      {"a{b:url(/)}", "a{b:url(/clients/x/proxy/)}"},
      {"a{b:url(/c)}", "a{b:url(/clients/x/proxy/c)}"},
      {"a{b:url(/clients)}", "a{b:url(/clients/x/proxy/clients)}"},
      {"@import \"/x.css\";", "@import \"/clients/x/proxy/x.css\";"},
      {"@import'/x.css' screen;", "@import'/clients/x/proxy/x.css' screen;"},
      {"@IMPORT/**/ '/x.css';", "@IMPORT/**/ '/clients/x/proxy/x.css';"},
      {"@import url(/x.css);", "@import url(/clients/x/proxy/x.css);"},
      {"@font-face{src:url(/a.woff2) format(\"woff2\"),url(/a.ttf)}",
       "@font-face{src:url(/clients/x/proxy/a.woff2) format(\"woff2\"),"
       "url(/clients/x/proxy/a.ttf)}"},
      {"a{b:url(/x", "a{b:url(/clients/x/proxy/x"},
  };
  for (const auto& [in, out] : cases) {
    EXPECT_EQ(Css(in), out);
    EXPECT_EQ(Css(out), out) << "twice";
  }
}

TEST(CssRewriterTest, EverythingElseStays) {
  for (const std::string_view css : {
           "a{b:url(x.png)}",
           "a{b:url(//host/x.png)}",
           "a{b:url(/\\host)}",
           "a{b:url(https://h/x)}",
           "a{b:url(data:image/png;base64,/9j/)}",
           "a{b:url(data:a\\)url(/x)}",
           "a{b:url(#id)}",
           "a{b:url()}",
           "a{b:url(\"\")}",
           "a{b:url(/clients/x/proxy/x.png)}",
           "a{b:url(/clients/x/proxy)}",
           "a{b:url(/clients/x/proxy?v)}",
           "/* url(/x) */",
           "/** url(/x) **/",
           "/* * / url(/x) */",
           "a{content:\"url(/x)\"}",
           "a{content:\"\\\"url(/x)\"}",
           "a{content:'/x'}",
           "a{b:xurl(/x)}",
           "a{b:-url(/x)}",
           "a{b:\\url(/x)}",
           "@imports '/x';",
           "@import foo '/x';",
           "@import;'/x'",
           "@media screen{}a[href='/x']{}",
           "",
           "url",
           "url(",
       }) {
    EXPECT_EQ(Css(css), css);
  }
}

TEST(CssRewriterTest, AStringEndsAtItsLine) {
  EXPECT_EQ(Css("a{b:\"c\n}d{e:url(/f)}"), "a{b:\"c\n}d{e:url(/clients/x/proxy/f)}");
}

TEST(CssRewriterTest, ACommentMayFollowAndSlashesAreJustSlashes) {
  EXPECT_EQ(Css("a{aspect-ratio:1/2;b:url(/f)/**/}"),
            "a{aspect-ratio:1/2;b:url(/clients/x/proxy/f)/**/}");
}

}  // namespace
}  // namespace berth::rewrite
