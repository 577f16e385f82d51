#include "rewrite/html_rewriter.h"

#include "rewrite/json_text.h"
#include "rewrite/policy.h"
#include "rewrite/rewriter_testing.h"

namespace berth::rewrite {
namespace {

using testing::Case;

std::string Html(std::string_view in, HtmlOptions options) {
  return testing::Rewrite([&] { return std::make_unique<HtmlRewriter>(options); }, in);
}

std::string Rewritten(std::string_view in) { return Html(in, {.prefix = "/P"}); }

std::string Injected(std::string_view in, Injection injection = Injection::kAlways) {
  return Html(in, {.prefix = "/P",
                   .injection = injection,
                   .script_element = "[S]",
                   .import_map_element = "[M]"});
}

TEST(HtmlRewriterTest, InXmlASelfClosingTagHasNoTextAndCdataIsNone) {
  const Case cases[] = {
      {"<script src=\"/a\"/><link href=\"/b\"/>", "<script src=\"/P/a\"/><link href=\"/P/b\"/>"},
      {"<iframe src=\"/a\"/><textarea/><a href=\"/b\">",
       "<iframe src=\"/P/a\"/><textarea/><a href=\"/P/b\">"},
      {"<title/><a href=\"/b\">", "<title/><a href=\"/P/b\">"},
      {"<p><![CDATA[x><a href=\"/x\">]]><a href=\"/y\">",
       "<p><![CDATA[x><a href=\"/x\">]]><a href=\"/P/y\">"},
      {"<script><![CDATA[\"<a href='/x'>\"]]></script><a href=\"/y\">",
       "<script><![CDATA[\"<a href='/x'>\"]]></script><a href=\"/P/y\">"}};
  for (const auto& [in, out] : cases) EXPECT_EQ(Html(in, {.prefix = "/P", .is_xml = true}), out);
}

TEST(HtmlRewriterTest, AttributesMoveUnderThePrefix) {
  const Case cases[] = {
      {"<a href=\"/x\">", "<a href=\"/P/x\">"},
      {"<a href='/x'>", "<a href='/P/x'>"},
      {"<a href=/x>", "<a href=/P/x>"},
      {"<a href=/x/>", "<a href=/P/x/>"},
      {"<A HREF = \"/x\" >", "<A HREF = \"/P/x\" >"},
      {"<a class=b href=\"/x\"title=c>", "<a class=b href=\"/P/x\"title=c>"},
      {"<a\nhref\n=\n/x\n>", "<a\nhref\n=\n/P/x\n>"},
      {"<a title=\">\" href=/x>", "<a title=\">\" href=/P/x>"},
      {"<img src=/a srcset=\"/a 1x, /b 2x\"/>", "<img src=/P/a srcset=\"/P/a 1x, /P/b 2x\"/>"},
      {"<link imagesrcset='/a 1x'>", "<link imagesrcset='/P/a 1x'>"},
      {"<form action=/f><button formaction=/g>", "<form action=/P/f><button formaction=/P/g>"},
      {"<video poster=/v><object data=/o>", "<video poster=/P/v><object data=/P/o>"},
      {"<base href=/>", "<base href=/P/>"},
      {"<div style=\"b:url(/x)\">", "<div style=\"b:url(/P/x)\">"},
      {"<meta http-equiv=refresh content='0;url=/x'>",
       "<meta http-equiv=refresh content='0;url=/P/x'>"},
      {"<meta content='0;url=/x' http-equiv=\"Refresh\">",
       "<meta content='0;url=/P/x' http-equiv=\"Refresh\">"},
      {"<svg><use xlink:href='/s.svg#i'/></svg>", "<svg><use xlink:href='/P/s.svg#i'/></svg>"},
      {"<style>a{b:url(/x)}</style>", "<style>a{b:url(/P/x)}</style>"},
      {"<style>a{b:url(/</style><a href=/y>", "<style>a{b:url(/P/</style><a href=/P/y>"},
      {"<link rel=stylesheet href=/a.css integrity=sha256-x>",
       "<link rel=stylesheet href=/P/a.css data-integrity=sha256-x>"},
      {"<!--x--><a href=/x>", "<!--x--><a href=/P/x>"},
      {"<!--><a href=/x>", "<!--><a href=/P/x>"},
      {"<!---><a href=/x>", "<!---><a href=/P/x>"},
      {"<!----!><a href=/x>", "<!----!><a href=/P/x>"},
      {"</><a href=/x>", "</><a href=/P/x>"},
      {"<?x <a?><a href=/x>", "<?x <a?><a href=/P/x>"},
      {"<![CDATA[x><a href=/x>]]>", "<![CDATA[x><a href=/P/x>]]>"},
      {"a < b <a href=/x>", "a < b <a href=/P/x>"},
      {"<<a href=/x>", "<<a href=/P/x>"},
      {"<script></script><a href=/x>", "<script></script><a href=/P/x>"},
      {"<script><!--</script><a href=/x>", "<script><!--</script><a href=/P/x>"},
      {"<script><!--<script></script>--></script><a href=/x>",
       "<script><!--<script></script>--></script><a href=/P/x>"},
      {"<SCRIPT></ScRiPt ><a href=/x>", "<SCRIPT></ScRiPt ><a href=/P/x>"},
      {"<svg><title/><a href=/x>", "<svg><title/><a href=/P/x>"},
      {"<svg><style/><a href=/x>", "<svg><style/><a href=/P/x>"},
      {"<noscript><img src=/x></noscript>", "<noscript><img src=/P/x></noscript>"},
      {"<a / href=/x>", "<a / href=/P/x>"},
      {"<a =b href=/x>", "<a =b href=/P/x>"},
      {"<a b= href=/x>", "<a b= href=/x>"},
      {"<a href=/x href=/y>", "<a href=/P/x href=/P/y>"},
      {"<br/><a href=/x ", "<br/><a href=/x "},
  };
  for (const auto& [in, out] : cases) {
    EXPECT_EQ(Rewritten(in), out);
    EXPECT_EQ(Rewritten(out), out) << "twice: " << in;
  }
}

TEST(HtmlRewriterTest, WhatOnlyLooksLikeATagStays) {
  for (const std::string_view html : {
           "<a href=\"//host/x\">",
           "<a href=\"x\">",
           "<a href=\"\">",
           "<a href>",
           "<a href=>",
           "<a data=/x data-href=/x title=/x value=/x>",
           "<!-- <a href=/x> -->",
           "<!-- -> <a href=/x> --!>",
           "<!--!><a href=/x>-->",
           "<!doctype html SYSTEM \"/x\">",
           "<script>'<a href=/x>'</script>",
           "<script>x='</scriptx><a href=/y>'</script>",
           "<textarea><a href=/x></textarea>",
           "<title><a href=/x></title>",
           "<iframe><a href=/x></iframe>",
           "<script><!-- <script> </script> <a href=/x> --></script>",
           "<plaintext><a href=/x>",
           "<svg><![CDATA[<a href=/x>]]></svg>",
           "</a href=/x>",
           "<meta name=x content=/x>",
           "<script type=x>url(/x)</script>",
           "<",
           "</",
           "<!",
           "<!-",
           "<!--",
           "<a",
           "<a b",
           "<a b=",
           "<a b='",
           "<script",
           "<script>",
           "<script></scrip",
           "",
           "<link rel=stylesheet href=https://cdn/a.css integrity=x>",
       }) {
    EXPECT_EQ(Rewritten(html), html);
  }
}

TEST(HtmlRewriterTest, TheScriptComesFirstInTheHead) {
  const Case cases[] = {
      {"<!doctype html><html><head lang=en><meta></head><body></body></html>",
       "<!doctype html><html><head lang=en>[S]<meta></head><body>[M]</body></html>"},
      {"<!doctype html><title>x</title><p>", "<!doctype html>[S]<title>x</title><p>[M]"},
      {"<!-- <head> --><html><body>x</body>", "<!-- <head> --><html>[S]<body>x[M]</body>"},
      {"<header>x", "[S]<header>x[M]"},
      {"x<p>", "x[S]<p>[M]"},
      {"only text", "only text"},
      {"", ""},
      {"<head><script type=module src=/x></script></head>",
       "<head>[S][M]<script type=module src=/P/x></script></head>"},
      {"<head><script></script><link rel='x modulepreload' href=/x></head>",
       "<head>[S]<script></script>[M]<link rel='x modulepreload' href=/P/x></head>"},
      {"<head></head><head></head>", "<head>[S]</head><head></head>[M]"},
      {"<p><script>x", "[S]<p><script>x"},
  };
  for (const auto& [in, out] : cases) EXPECT_EQ(Injected(in), out);
}

TEST(HtmlRewriterTest, FragmentsGetNoScriptUnlessTheyAreNavigatedTo) {
  EXPECT_EQ(Injected("<p>x</p>", Injection::kIntoDocuments), "<p>x</p>");
  EXPECT_EQ(Injected("<!doctype html><p>", Injection::kIntoDocuments), "<!doctype html>[S]<p>[M]");
  EXPECT_EQ(Injected("<html><p>", Injection::kIntoDocuments), "<html>[S]<p>[M]");
  EXPECT_EQ(Injected("<head><p>", Injection::kIntoDocuments), "<head>[S]<p>[M]");
}

TEST(HtmlRewriterTest, ThePagesOwnImportMapTakesOursIn) {
  const std::string own = R"(<head><script type="importmap">{"imports":{"a":"/a.js"}}</script>)";
  const std::string merged =
      R"(<head>[S]<script type="importmap">{"imports":{"a":"/P/a.js","/":"/P/","/P/":"/P/"}}</script>)";
  EXPECT_EQ(Injected(own), merged);
  EXPECT_EQ(Injected("<head><script type=importmap>broken</script><script type=module></script>"),
            "<head>[S]<script type=importmap>broken</script><script type=module></script>");
  const std::string large = "<script type=importmap>{\"imports\":{\"a\":\"" +
                            std::string(kLongestImportMap, 'a') + "\"}}</script>";
  EXPECT_EQ(testing::RewriteWhole(
                [] { return std::make_unique<HtmlRewriter>(HtmlOptions{.prefix = "/P"}); }, large),
            large);
}

TEST(HtmlRewriterTest, UnderAStrictPolicyOnlyAMapWithANonceChanges) {
  const HtmlOptions options{.prefix = "/P", .is_policy_strict = true};
  const std::string bare = "<script type=importmap>{}</script>";
  EXPECT_EQ(Html(bare, options), bare);
  EXPECT_EQ(Html("<script nonce=x type=importmap>{}</script>", options),
            "<script nonce=x type=importmap>" + ImportMap("/P") + "</script>");
}

TEST(HtmlRewriterTest, AMapThatMustStayIsFollowedByOurs) {
  const HtmlOptions options{.prefix = "/P",
                            .injection = Injection::kAlways,
                            .script_element = "[S]",
                            .import_map_element = "[M]",
                            .is_policy_strict = true};
  EXPECT_EQ(Html("<head><script type=importmap>{}</script><script type=module></script>", options),
            "<head>[S]<script type=importmap>{}</script>[M]<script type=module></script>");
}

TEST(HtmlRewriterTest, AMetaPolicyAdmitsTheMapThatFollowsIt) {
  const HtmlOptions options{.prefix = "/P",
                            .injection = Injection::kAlways,
                            .script_element = "[S]",
                            .import_map_element = "[M]",
                            .import_map_hash = "'sha256-m'"};
  EXPECT_EQ(Html("<head><meta http-equiv=content-security-policy content=\"script-src 'self'\">"
                 "<script type=module></script>",
                 options),
            "<head>[S]<meta http-equiv=content-security-policy content=\"script-src &#39;self&#39; "
            "&#39;sha256-m&#39;\">[M]<script type=module></script>");
  const std::string open =
      "<head>[S]<meta http-equiv=content-security-policy content=\"img-src *\">[M]</body>";
  EXPECT_EQ(
      Html("<head><meta http-equiv=content-security-policy content=\"img-src *\"></body>", options),
      open);
}

TEST(HtmlRewriterTest, WithoutAPrefixOnlyTheScriptIsInjected) {
  EXPECT_EQ(Html("<head><a href=/x style='url(/y)'><style>url(/z)</style>",
                 {.injection = Injection::kAlways, .script_element = "[S]"}),
            "<head>[S]<a href=/x style='url(/y)'><style>url(/z)</style>");
}

TEST(HtmlRewriterTest, ALinkToAManifestAsksWithCookies) {
  constexpr std::string_view kAsk = "<link crossorigin=\"use-credentials\"";
  const Case cases[] = {
      {" rel=manifest href=m.json>", " rel=manifest href=m.json>"},
      {" href=m.json rel='x\nMANIFEST'/>", " href=m.json rel='x\nMANIFEST'/>"},
      {" rel=manifest crossorigin href=m>", " rel=manifest data-crossorigin href=m>"},
      {" CrossOrigin=anonymous rel=manifest>", " data-CrossOrigin=anonymous rel=manifest>"},
  };
  for (const std::string prefix : {"", "/P"}) {
    for (const auto& [in, out] : cases) {
      const std::string written = std::string(kAsk).append(out);
      EXPECT_EQ(Html(std::string("<link").append(in), {.prefix = prefix}), written);
      EXPECT_EQ(Html(written, {.prefix = prefix}), written) << "twice: " << in;
    }
    for (const std::string_view html : {
             "<link rel=manifest crossorigin=Use-Credentials href=m>",
             "<link rel=manifest href=https://cdn/m>",
             "<link rel=manifest href=//cdn/m>",
             "<link rel=webmanifest href=m>",
             "<link href=manifest>",
             "<a rel=manifest href=m>",
             "</link rel=manifest>",
         }) {
      EXPECT_EQ(Html(html, {.prefix = prefix}), html);
    }
  }
  EXPECT_EQ(Rewritten("<LINK REL=manifest HREF=/m>"),
            "<LINK crossorigin=\"use-credentials\" REL=manifest HREF=/P/m>");
  EXPECT_EQ(Html("<link rel=manifest href=/m>", {}), std::string(kAsk) + " rel=manifest href=/m>");
}

TEST(HtmlRewriterTest, ScriptsAreRewrittenWhereThatIsAskedFor) {
  const HtmlOptions options{.prefix = "/P", .rewrites_javascript = true};
  EXPECT_EQ(Html("<script>f('/api/x')</script><script type=json>'/api/x'</script>", options),
            "<script>f('/P/api/x')</script><script type=json>'/api/x'</script>");
  EXPECT_EQ(Html("<script src=/a.js integrity=x></script>", options),
            "<script src=/P/a.js data-integrity=x></script>");
}

TEST(HtmlRewriterTest, OfAMetaElementItsKindIsFoundOnce) {
  std::string tag = "<meta";
  for (int i = 0; i < 10'000; ++i) tag += " a";
  for (int i = 0; i < 4'000; ++i) tag += " content=a";
  tag += '>';
  std::string page;
  for (int i = 0; i < 100; ++i) page += tag;
  HtmlRewriter rewriter({.prefix = "/P"});
  std::string out;
  rewriter.Feed(page, out);
  EXPECT_TRUE(out == page) << "else this takes minutes";
}

TEST(HtmlRewriterTest, AnEndlessTagIsHeldOnlyInPart) {
  const std::string filler(3 * kLongestTag, 'x');
  const auto make = [] { return std::make_unique<HtmlRewriter>(HtmlOptions{.prefix = "/P"}); };
  const std::string image = "<img src=\"/a\" alt=\"" + filler + "\" longdesc=/b><a href=/c>";
  EXPECT_EQ(testing::RewriteWhole(make, image),
            "<img src=\"/P/a\" alt=\"" + filler + "\" longdesc=/b><a href=/P/c>");

  HtmlRewriter rewriter({.prefix = "/P"});
  std::string out;
  rewriter.Feed("<img alt=\"", out);
  std::size_t fed = 10;
  for (int i = 0; i < 100; ++i, fed += 10'000) rewriter.Feed(std::string(10'000, '>'), out);
  EXPECT_GE(out.size() + kLongestTag, fed);
}

TEST(HtmlRewriterTest, TagsAroundTheLongestAreCutAlike) {
  const auto make = [] { return std::make_unique<HtmlRewriter>(HtmlOptions{.prefix = "/P"}); };
  for (std::size_t size = kLongestTag - 40; size < kLongestTag + 8; ++size) {
    const std::string html = "<a b=" + std::string(size - 6, 'x') + " href=/x c=/y>";
    const std::string whole = testing::RewriteWhole(make, html);
    std::string out;
    auto rewriter = make();
    for (std::size_t at = 0; at < html.size(); at += 7) {
      rewriter->Feed(std::string_view(html).substr(at, 7), out);
    }
    rewriter->Finish(out);
    ASSERT_EQ(out, whole) << size;
  }
}

}  // namespace
}  // namespace berth::rewrite
