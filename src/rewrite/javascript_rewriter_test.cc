#include "rewrite/javascript_rewriter.h"

#include "rewrite/rewriter_testing.h"

namespace berth::rewrite {
namespace {

using testing::Case;

std::string Js(std::string_view in) {
  return testing::Rewrite([] { return std::make_unique<JavascriptRewriter>("/P", KnownRoots()); },
                          in);
}

TEST(JavascriptRewriterTest, LiteralsThatBeginWithAKnownRootMove) {
  const Case cases[] = {
      {"fetch('/api/x')", "fetch('/P/api/x')"},
      {"fetch(\"/api/x\")", "fetch(\"/P/api/x\")"},
      {"fetch(`/api/x/${id}/y`)", "fetch(`/P/api/x/${id}/y`)"},
      {"fetch(`/api${x}`)", "fetch(`/P/api${x}`)"},
      {"f('/ws')", "f('/P/ws')"},
      {"f('/ws?token=')", "f('/P/ws?token=')"},
      {"`${'/api/a'}${`/api/${b}`}`", "`${'/P/api/a'}${`/P/api/${b}`}`"},
      {"a/'/api/x'/b", "a/'/P/api/x'/b"},
      {"return/'/.test('/api/x')", "return/'/.test('/P/api/x')"},
      {"x=/[/']/;y='/api/x'", "x=/[/']/;y='/P/api/x'"},
      {"x=a/b;y='/api/x'/c", "x=a/b;y='/P/api/x'/c"},
      {"if(a)/'/.test(b);c='/api/d'", "if(a)/'/.test(b);c='/P/api/d'"},
      {"f(a)/2;c='/api/d'", "f(a)/2;c='/P/api/d'"},
      {"a[0]/2;c='/api/d'", "a[0]/2;c='/P/api/d'"},
      {"// don't\n'/api/x'", "// don't\n'/P/api/x'"},
      {"/* don't */'/api/x'", "/* don't */'/P/api/x'"},
      {"`a${{b:1}}'`+'/api/x'", "`a${{b:1}}'`+'/P/api/x'"},
      {"import '/assets/x.js'", "import '/P/assets/x.js'"},
  };
  for (const auto& [in, out] : cases) {
    EXPECT_EQ(Js(in), out);
    EXPECT_EQ(Js(out), out) << "twice";
  }
}

TEST(JavascriptRewriterTest, EverythingElseStays) {
  for (const std::string_view script : {
           "'/health'",
           "'/wsx'",
           "'//api/x'",
           "'x/api/x'",
           "' /api/x'",
           "/\\/api\\/'x/.test(y)",
           "// '/api/x'",
           "/* '/api/x' */",
           "/'\\/api\\/x'/",
           "`x/api/`",
           "`${a}/api/x`",
           "'a\\'/api/x'",
           "'/P/api/x'",
           "",
           "/",
           "'",
           "'/api",
           "`${",
           "a+/[\\]'\"/]/",
           "'/api-docs.html'",
           "'/apis'",
       }) {
    EXPECT_EQ(Js(script), script);
  }
}

TEST(JavascriptRewriterTest, NestingWithoutEndIsPassedUnchanged) {
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += "(";
  deep += "'/api/x'";
  JavascriptRewriter rewriter("/P", KnownRoots());
  std::string out;
  rewriter.Feed(deep, out);
  rewriter.Finish(out);
  EXPECT_EQ(out, deep);
}

}  // namespace
}  // namespace berth::rewrite
