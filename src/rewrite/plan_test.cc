#include "rewrite/plan.h"

#include <gmock/gmock.h>
#include <zlib.h>

#include "base/executor_testing.h"
#include "base/result_testing.h"
#include "http/body_testing.h"
#include "rewrite/json_text.h"
#include "rewrite/page_script.h"
#include "rewrite/policy.h"

namespace berth::rewrite {
namespace {

using berth::testing::IsOk;
using berth::testing::TestExecutor;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kPrefix = "/clients/x/proxy";
using FieldList = std::vector<std::pair<std::string_view, std::string_view>>;

class PlanTest : public ::testing::Test {
 protected:
  PlanTest() { setup_.raw_prefixes = {"/api/"}; }

  void Request(std::string_view target, const FieldList& fields = {}) {
    request_ = {};
    request_.method = "GET";
    request_.authority = "127.0.0.1:3001";
    request_.target = target;
    request_.fields.Add("accept-encoding", "gzip, br");
    request_.fields.Add("x-forwarded-host", "hub.example");
    for (const auto& [name, value] : fields) request_.fields.Set(name, value);
  }

  /// Plans and prepares the request; answers with these fields and this body.
  http::Response Answer(std::string_view content_type, std::string body,
                        const FieldList& fields = {}, int status = 200) {
    Plan plan = PlanFor(request_, prefix_, setup_);
    plan.PrepareRequest(request_);
    http::Response response;
    response.head.status = status;
    response.head.fields.Add("content-type", content_type);
    response.head.fields.Add("content-length", std::to_string(body.size()));
    for (const auto& [name, value] : fields) response.head.fields.Add(name, value);
    response.body = std::make_unique<http::testing::PieceBody>(http::testing::Cut(body, 5));
    plan.ApplyToResponse(response);
    return response;
  }

  std::string Text(http::Response& response) {
    auto text = executor_.Await(http::ReadAll(response.body.get(), 64 << 20));
    EXPECT_THAT(text, IsOk());
    return text ? *text : "";
  }
  std::string AnswerText(std::string_view content_type, std::string body,
                         const FieldList& fields = {}, int status = 200) {
    auto response = Answer(content_type, std::move(body), fields, status);
    return Text(response);
  }

  TestExecutor executor_;
  PageSetup setup_;
  std::string prefix_{kPrefix};
  http::RequestHead request_;
};

TEST_F(PlanTest, PagesGetTheScriptAndTheirReferencesMove) {
  setup_.local_storage = {{"auth-token", "a.b.c"}};
  setup_.router_basename = true;
  Request("/", {{"accept", "text/html"}});
  auto response = Answer("text/html; charset=utf-8", "<head></head><body><img src=/x></body>",
                         {{"accept-ranges", "bytes"},
                          {"etag", "\"e\""},
                          {"last-modified", "x"},
                          {"expires", "x"},
                          {"digest", "x"}});
  EXPECT_EQ(Text(response),
            "<head><script data-berth=\"\">" + PageScript(kPrefix, setup_) +
                "</script></head><body><img src=/clients/x/proxy/x><script type=\"importmap\" "
                "data-berth=\"\">" +
                ImportMap(kPrefix) + "</script></body>");
  const auto& fields = response.head.fields;
  EXPECT_FALSE(fields.Has("content-length"));
  EXPECT_FALSE(fields.Has("accept-ranges"));
  EXPECT_FALSE(fields.Has("last-modified"));
  EXPECT_FALSE(fields.Has("expires"));
  EXPECT_FALSE(fields.Has("digest"));
  EXPECT_EQ(fields.Find("etag"), "W/\"e-s" + RewriteVersion(kPrefix, setup_) + "\"");
  EXPECT_EQ(response.body->length(), std::nullopt);
}

TEST_F(PlanTest, TypesAreRewrittenByWhatTheyAre) {
  Request("/assets/a.css", {{"sec-fetch-dest", "style"}});
  auto css = Answer("text/css", "a{b:url(/x)}",
                    {{"cache-control", "public, max-age=31536000, immutable"}});
  EXPECT_EQ(Text(css), "a{b:url(/clients/x/proxy/x)}");
  EXPECT_EQ(css.head.fields.Find("cache-control"), "public, max-age=300");

  Request("/manifest.json");
  EXPECT_EQ(AnswerText("application/json", R"({"scope":"/"})"), R"({"scope":"/clients/x/proxy/"})");
  Request("/app.webmanifest");
  EXPECT_EQ(AnswerText("application/manifest+json", R"({"scope":"/"})"),
            R"({"scope":"/clients/x/proxy/"})");

  Request("/sw.js?proxyBase=/clients/x/proxy",
          {{"service-worker", "script"}, {"sec-fetch-dest", "serviceworker"}});
  auto worker = Answer("application/javascript; charset=UTF-8", "f('/api/x')",
                       {{"cache-control", "max-age=31536000, immutable"}});
  EXPECT_EQ(Text(worker), WorkerPrelude(kPrefix) + "f('/api/x')");
  EXPECT_EQ(worker.head.fields.Find("cache-control"), "max-age=300");
  EXPECT_EQ(request_.target, "/sw.js?proxyBase=/clients/x/proxy");

  for (const char* kind : {"worker", "sharedworker"}) {
    Request("/w.js", {{"sec-fetch-dest", kind}});
    EXPECT_EQ(AnswerText("text/javascript", "f('/api/x')"), WorkerPrelude(kPrefix) + "f('/api/x')");
  }
}

TEST_F(PlanTest, EverythingElsePassesByteForByte) {
  const std::string html = "<head><a href=/x>";
  const auto unchanged = [&](std::string_view type, const FieldList& fields = {},
                             int status = 200) {
    auto response = Answer(type, html, fields, status);
    EXPECT_TRUE(response.head.fields.Has("content-length"));
    EXPECT_EQ(Text(response), html);
  };
  Request("/");
  unchanged("text/plain");
  unchanged("application/json");
  unchanged("text/javascript");
  unchanged("text/event-stream");
  unchanged("image/svg+xml");
  unchanged("text/html; charset=UTF-16LE");
  unchanged("text/html", {{"content-encoding", "compress"}});
  unchanged("text/html", {{"content-encoding", "gzip, br"}});
  unchanged("text/html", {{"content-encoding", "identity"}, {"content-encoding", "gzip"}});
  unchanged("text/html", {{"content-disposition", "attachment; filename=x"}});
  unchanged("text/html", {}, 404);
  unchanged("text/html", {}, 206);
  for (const auto path : {"/api/x", "/api/", "/api", "/api/a.css"}) {
    Request(path, {{"accept", "text/html"}, {"sec-fetch-dest", "document"}});
    unchanged("text/html");
    EXPECT_EQ(request_.fields.Find("accept-encoding"), "gzip, br") << path;
  }
  Request("/");
  request_.method = "POST";
  unchanged("text/html");
  Request("/x.html", {{"sec-fetch-dest", "image"}});
  unchanged("text/html");
}

TEST_F(PlanTest, OnlyCandidatesAreAskedForPlainAndWholeBodies) {
  const FieldList conditions = {{"if-none-match", "\"x\""},
                                {"if-modified-since", "x"},
                                {"range", "bytes=0-1"},
                                {"if-range", "\"x\""}};
  for (const auto path : {"/", "/session/1", "/a.css", "/manifest.json", "/index.html"}) {
    Request(path, conditions);
    request_.fields.Add("accept", "text/html, */*");
    PlanFor(request_, kPrefix, setup_).PrepareRequest(request_);
    EXPECT_EQ(request_.fields.Find("accept-encoding"), "identity") << path;
    for (const auto& [name, value] : conditions) EXPECT_FALSE(request_.fields.Has(name)) << path;
  }
  for (const auto path : {"/a.js", "/a.png", "/a.woff2", "/api/files", "/b.MP4", "/media/12"}) {
    Request(path, conditions);
    PlanFor(request_, kPrefix, setup_).PrepareRequest(request_);
    EXPECT_EQ(request_.fields.Find("accept-encoding"), "gzip, br") << path;
    for (const auto& [name, value] : conditions) EXPECT_TRUE(request_.fields.Has(name)) << path;
  }
  for (const auto mode : {kPrefix, std::string_view()}) {
    setup_.local_storage = {{"token", "x"}};
    for (const auto path : {"/x.log", "/x.parquet", "/x.pmtiles", "/x"}) {
      Request(path, conditions);
      request_.fields.Add("accept", "*/*");
      request_.fields.Add("sec-fetch-dest", "empty");
      PlanFor(request_, mode, setup_).PrepareRequest(request_);
      EXPECT_EQ(request_.fields.Find("accept-encoding"), "gzip, br") << path;
      for (const auto& [name, value] : conditions) EXPECT_TRUE(request_.fields.Has(name)) << path;
    }
    Request("/index.html", conditions);
    PlanFor(request_, mode, setup_).PrepareRequest(request_);
    for (const auto& [name, value] : conditions) EXPECT_FALSE(request_.fields.Has(name)) << mode;
  }
  Request("/ws");
  request_.protocol = "websocket";
  PlanFor(request_, kPrefix, setup_).PrepareRequest(request_);
  EXPECT_EQ(request_.fields.Find("accept-encoding"), "gzip, br");
}

TEST_F(PlanTest, AnAnswerSaysWhatItDependsOn) {
  const auto vary = [&](std::string_view path, std::string_view destination, std::string_view type,
                        const FieldList& fields = {}) {
    Request(path, {{"sec-fetch-dest", destination}});
    const auto response = Answer(type, "x", fields);
    return std::string(response.head.fields.Find("vary").value_or(""));
  };
  constexpr std::string_view kBoth = "sec-fetch-dest, service-worker";
  EXPECT_EQ(vary("/w.js", "script", "text/javascript"), kBoth);
  EXPECT_EQ(vary("/w.js", "worker", "text/javascript"), kBoth);
  EXPECT_EQ(vary("/w.js", "script", "text/javascript", {{"vary", "*"}}), "*");
  EXPECT_EQ(vary("/part", "empty", "text/html"), "sec-fetch-mode");
  EXPECT_EQ(vary("/w.css", "style", "text/css"), "");
  EXPECT_EQ(vary("/api/w.js", "script", "text/javascript"), "");
  prefix_ = "";
  EXPECT_EQ(vary("/w.js", "script", "text/javascript"), "");
}

TEST_F(PlanTest, HeadSaysWhatGetDoes) {
  const FieldList fields = {{"etag", "\"e\""},
                            {"last-modified", "then"},
                            {"content-security-policy", "script-src 'self'"}};
  for (const auto type : {"text/html", "text/css", "text/plain"}) {
    Request("/x");
    auto got = Answer(type, "<p>", fields);
    Request("/x");
    request_.method = "HEAD";
    auto told = Answer(type, "<p>", fields);
    EXPECT_EQ(request_.fields.Find("accept-encoding"), "identity");
    EXPECT_EQ(told.head.fields.size(), got.head.fields.size());
    for (const auto& [name, value] : got.head.fields) {
      EXPECT_EQ(told.head.fields.Find(name), value) << type << ' ' << name;
    }
    EXPECT_EQ(told.head.fields.Has("content-length"), type == std::string_view("text/plain"));
  }
}

TEST_F(PlanTest, ACopyOfOurOutputIsRevalidatedWithTheInstancesTag) {
  const std::string ours = "W/\"e-s" + RewriteVersion(kPrefix, setup_) + "\"";
  Request("/a.css", {{"if-none-match", ours}});
  auto response = Answer("text/css", "", {{"etag", "\"e\""}, {"cache-control", "immutable"}}, 304);
  EXPECT_EQ(request_.fields.Find("if-none-match"), "\"e\"");
  EXPECT_EQ(response.head.fields.Find("etag"), ours);
  EXPECT_FALSE(response.head.fields.Has("cache-control"));
}

TEST_F(PlanTest, AChangeOfWhatWeRewroteIsForTheInstancesTag) {
  const std::string ours = "W/\"e-s" + RewriteVersion(kPrefix, setup_) + "\"";
  for (const auto& [said, meant] : FieldList{{ours, "\"e\""}, {"\"x\"", "\"x\""}, {"*", "*"}}) {
    Request("/notes.html", {{"if-match", said}});
    request_.method = "PUT";
    PlanFor(request_, kPrefix, setup_).PrepareRequest(request_);
    EXPECT_EQ(request_.fields.Find("if-match"), meant);
  }
}

TEST_F(PlanTest, CompressedPagesAreDecodedAllTheSame) {
  const std::string html = "<p><a href=/x>";
  std::string gzip(200, '\0');
  z_stream stream{};
  ASSERT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(html.data()));
  stream.avail_in = static_cast<uInt>(html.size());
  stream.next_out = reinterpret_cast<Bytef*>(gzip.data());
  stream.avail_out = static_cast<uInt>(gzip.size());
  ASSERT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  gzip.resize(stream.total_out);
  deflateEnd(&stream);

  Request("/fragment");
  auto response = Answer("text/html", gzip, {{"content-encoding", "gzip"}});
  EXPECT_FALSE(response.head.fields.Has("content-encoding"));
  EXPECT_EQ(Text(response), "<p><a href=/clients/x/proxy/x>");

  auto broken = Answer("text/html", gzip.substr(0, 10), {{"content-encoding", "gzip"}});
  auto read = executor_.Await(http::ReadAll(broken.body.get(), 1000));
  EXPECT_THAT(read, berth::testing::FailsWith(ErrorKind::kInvalid));
}

TEST_F(PlanTest, RedirectsMoveWhateverTheirStatusAndPath) {
  Request("/api/x");
  auto response =
      Answer("text/plain", "",
             {{"location", "http://127.0.0.1:3001/y"}, {"access-control-allow-origin", "*"}}, 302);
  EXPECT_EQ(response.head.fields.Find("location"), "/clients/x/proxy/y");
  EXPECT_FALSE(response.head.fields.Has("access-control-allow-origin"));
}

TEST_F(PlanTest, AStrictPolicyAdmitsOurScriptByItsAddress) {
  Request("/", {{"accept", "text/html"}});
  auto response = Answer("text/html", "<head></head></body>",
                         {{"content-security-policy", "default-src 'self'"},
                          {"content-security-policy", "script-src https://cdn"}});
  const std::string map_hash = HashSource(ImportMap(kPrefix));
  EXPECT_EQ(response.head.fields.Count("content-security-policy"), 2U);
  EXPECT_EQ(response.head.fields.Find("content-security-policy"),
            "default-src 'self'; script-src 'self' " + map_hash);
  const std::string html = Text(response);
  const std::string url = "/.berth/page.js?v=" + RewriteVersion(kPrefix, setup_);
  EXPECT_THAT(html, StartsWith("<head><script data-berth=\"\" src=\"/clients/x/proxy" + url +
                               "\" integrity=\"" + IntegrityOf(PageScript(kPrefix, setup_)) +
                               "\"></script></head><script type=\"importmap\""));

  Request(url);
  auto own = PlanFor(request_, kPrefix, setup_).OwnResource();
  ASSERT_TRUE(own);
  EXPECT_EQ(own->head.status, 200);
  EXPECT_THAT(*own->head.fields.Find("cache-control"), HasSubstr("immutable"));
  EXPECT_EQ(own->head.fields.Find("x-content-type-options"), "nosniff");
  EXPECT_EQ(Text(*own), PageScript(kPrefix, setup_));
  Request("/.berth/page.js?v=old");
  own = PlanFor(request_, kPrefix, setup_).OwnResource();
  EXPECT_EQ(own->head.fields.Find("cache-control"), "no-cache");
  Request("/page.js");
  EXPECT_FALSE(PlanFor(request_, kPrefix, setup_).OwnResource());
}

TEST_F(PlanTest, APagesNonceIsReused) {
  Request("/", {{"accept", "text/html"}});
  auto response =
      Answer("text/html", "<head>", {{"content-security-policy", "script-src 'nonce-abc'"}});
  EXPECT_EQ(response.head.fields.Find("content-security-policy"), "script-src 'nonce-abc'");
  EXPECT_THAT(Text(response), StartsWith("<head><script data-berth=\"\" nonce=\"abc\">"));
}

TEST_F(PlanTest, XmlPagesGetTheScriptByItsAddress) {
  Request("/", {{"accept", "text/html"}});
  EXPECT_THAT(AnswerText("application/xhtml+xml", "<html><head/>"),
              HasSubstr("/.berth/page.js?v="));
  EXPECT_THAT(AnswerText("application/xhtml+xml", "<html><head><script src='/a'/><a href='/b'/>"),
              HasSubstr("/a'/><a href='/clients/x/proxy/b'/>"));
}

TEST_F(PlanTest, FragmentsThatScriptsAskForGetNoScript) {
  Request("/part", {{"accept", "*/*"}, {"sec-fetch-dest", "empty"}});
  EXPECT_EQ(AnswerText("text/html", "<p><a href=/x>"), "<p><a href=/clients/x/proxy/x>");
  // As jQuery's load() asks.
  Request("/part", {{"accept", "text/html, */*; q=0.01"}, {"sec-fetch-dest", "empty"}});
  EXPECT_EQ(AnswerText("text/html", "<p><a href=/x>"), "<p><a href=/clients/x/proxy/x>");
  Request("/part", {{"accept", "text/html"}, {"x-requested-with", "XMLHttpRequest"}});
  EXPECT_EQ(AnswerText("text/html", "<p><a href=/x>"), "<p><a href=/clients/x/proxy/x>");
  // A whole page is one whoever asks.
  Request("/", {{"accept", "text/html"}, {"sec-fetch-dest", "empty"}});
  EXPECT_THAT(AnswerText("text/html", "<!doctype html><p>"), HasSubstr("<script data-berth"));
}

TEST_F(PlanTest, APageThatAServiceWorkerPassesOnGetsTheScriptHoweverItBegins) {
  Request("/",
          {{"accept", "text/html"}, {"sec-fetch-dest", "empty"}, {"sec-fetch-mode", "navigate"}});
  EXPECT_THAT(AnswerText("text/html", "<p>"), HasSubstr("<script data-berth"));
}

TEST_F(PlanTest, SubdomainModeOnlySetsTheStorageItems) {
  prefix_ = "";
  Request("/", {{"accept", "text/html"}});
  EXPECT_EQ(AnswerText("text/html", "<head><a href=/x>"), "<head><a href=/x>");

  setup_.local_storage = {{"auth-token", "a.b.c"}};
  setup_.router_basename = true;
  EXPECT_EQ(AnswerText("text/html", "<head><a href=/x>"),
            "<head><script data-berth=\"\">" + PageScript("", setup_) + "</script><a href=/x>");
  auto strict = Answer(
      "text/html", "<head>",
      {{"content-security-policy", "script-src 'self'"}, {"access-control-allow-origin", "*"}});
  EXPECT_EQ(strict.head.fields.Find("content-security-policy"),
            "script-src 'self' " + HashSource(PageScript("", setup_)));
  EXPECT_TRUE(strict.head.fields.Has("access-control-allow-origin"));
  Request("/a.css", {{"sec-fetch-dest", "style"}});
  EXPECT_EQ(AnswerText("text/css", "a{b:url(/x)}"), "a{b:url(/x)}");
  EXPECT_EQ(request_.fields.Find("accept-encoding"), "gzip, br");
}

TEST_F(PlanTest, InSubdomainModeAPageAsksForItsManifestWithCookies) {
  prefix_ = "";
  const std::string html = "<head><link rel=manifest href=/m></head>";
  const std::string ours = "W/\"e-s" + RewriteVersion("", setup_) + "\"";
  Request("/", {{"sec-fetch-dest", "document"}, {"if-none-match", ours}});
  auto page = Answer("text/html", html,
                     {{"etag", "\"e\""}, {"content-security-policy", "script-src 'self'"}});
  EXPECT_EQ(request_.fields.Find("accept-encoding"), "identity");
  EXPECT_EQ(request_.fields.Find("if-none-match"), "\"e\"");
  EXPECT_EQ(Text(page), "<head><link crossorigin=\"use-credentials\" rel=manifest href=/m></head>");
  EXPECT_EQ(page.head.fields.Find("etag"), ours);
  EXPECT_EQ(page.head.fields.Find("content-security-policy"), "script-src 'self'");

  // Nothing else is touched: what scripts ask for, files, and the rest of what is being saved.
  for (const auto& [path, fields] : std::vector<std::pair<std::string_view, FieldList>>{
           {"/", {{"sec-fetch-dest", "empty"}, {"accept", "text/html"}}},
           {"/x.pdf", {{"sec-fetch-dest", "document"}}},
           {"/export", {{"sec-fetch-dest", "document"}, {"range", "bytes=5-"}}}}) {
    Request(path, fields);
    EXPECT_EQ(AnswerText("text/html", html), html) << path;
    EXPECT_EQ(request_.fields.Find("accept-encoding"), "gzip, br") << path;
  }
}

TEST_F(PlanTest, AnUnusablePrefixRewritesNothing) {
  prefix_ = "/x\"><script>";
  Request("/", {{"accept", "text/html"}});
  EXPECT_EQ(AnswerText("text/html", "<head><a href=/x>"), "<head><a href=/x>");
}

TEST_F(PlanTest, JavascriptIsRewrittenWhereAnInstanceAsksForIt) {
  setup_.rewrite_javascript = true;
  Request("/a.js", {{"sec-fetch-dest", "script"}});
  EXPECT_EQ(AnswerText("text/javascript", "f('/api/x')"), "f('/clients/x/proxy/api/x')");
}

}  // namespace
}  // namespace berth::rewrite
