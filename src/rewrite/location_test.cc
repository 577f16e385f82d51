#include "rewrite/location.h"

#include <gtest/gtest.h>

namespace berth::rewrite {
namespace {

const Addresses kAddresses{
    .prefix = "/clients/x/proxy",
    .own_authorities = std::make_shared<const std::vector<std::string>>(1, "127.0.0.1:3001"),
    .public_authorities = {"hub.example"}};

std::string Fixed(std::string_view url) { return FixUrl(url, kAddresses); }

TEST(LocationTest, RedirectsAreLedIntoThePrefix) {
  const std::pair<const char*, const char*> cases[] = {
      {"/x?y#z", "/clients/x/proxy/x?y#z"},
      {"/clients/x/proxy/x", "/clients/x/proxy/x"},
      {"http://127.0.0.1:3001/x", "/clients/x/proxy/x"},
      {"https://HUB.example", "/clients/x/proxy/"},
      {"https://hub.example?q", "/clients/x/proxy/?q"},
      {"https://hub.example/clients/x/proxy/x", "/clients/x/proxy/x"},
      {"http://127.0.0.1:3001//evil.example/", "/clients/x/proxy//evil.example/"},
      {"//hub.example/x", "/clients/x/proxy/x"},
      {"/../x", "/clients/x/proxy/x"},
      {"/%2e%2e/x", "/clients/x/proxy/x"},
      {"http://127.0.0.1:3001/a/../../x?/../y", "/clients/x/proxy/x?/../y"},
      {"http://127.0.0.1:3001/..//evil.example/", "/clients/x/proxy//evil.example/"},
      {"//evil.example/x", "//evil.example/x"},
      {"https://github.com/x", "https://github.com/x"},
      {"http://127.0.0.1:3002/x", "http://127.0.0.1:3002/x"},
      {"https://hub.example@evil.example/", "https://hub.example@evil.example/"},
      {"x", "x"},
      {"?x", "?x"},
      {"", ""},
  };
  for (const auto& [in, out] : cases) EXPECT_EQ(FixUrl(in, kAddresses), out) << in;
}

TEST(LocationTest, WithoutAPrefixOnlyTheOwnOriginGoes) {
  const std::pair<const char*, const char*> cases[] = {
      {"http://127.0.0.1:3001/x?y#z", "/x?y#z"},
      {"HTTPS://HUB.example", "/"},
      {"//hub.example?q", "/?q"},
      {"http://127.0.0.1:3001//evil.example/", "/.//evil.example/"},
      {"http://127.0.0.1:3001/\\evil.example/", "/./\\evil.example/"},
      {"http://127.0.0.1:3002/x", "http://127.0.0.1:3002/x"},
      {"ws://127.0.0.1:3001/x", "ws://127.0.0.1:3001/x"},
      {"//evil.example/x", "//evil.example/x"},
      {"/x//127.0.0.1:3001", "/x//127.0.0.1:3001"},
      {"/x", "/x"},
      {"x", "x"},
  };
  for (const auto& [in, out] : cases) {
    http::Fields fields;
    fields.Add("location", in);
    fields.Add("set-cookie", "a=b; Path=/");
    LeadBack(fields, kAddresses);
    EXPECT_EQ(fields.Find("location"), out) << in;
    EXPECT_EQ(fields.Find("set-cookie"), "a=b; Path=/");
  }
}

TEST(LocationTest, WithoutAPrefixRefreshAndEveryLinkAreLedBackToo) {
  http::Fields fields;
  fields.Add("link", "<http://127.0.0.1:3001/a.css>; rel=preload, <https://c/>");
  fields.Add("refresh", "5; url='http://127.0.0.1:3001/x'");
  fields.Add("link", "<//127.0.0.1:3001/b.css>; rel=preload");
  fields.Add("content-security-policy", "report-uri /r");
  LeadBack(fields, kAddresses);
  ASSERT_EQ(fields.size(), 4U);
  EXPECT_EQ(fields[0].value, "report-uri /r");
  EXPECT_EQ(fields[1].value, "</a.css>; rel=preload, <https://c/>");
  EXPECT_EQ(fields[2].value, "5; url='/x'");
  EXPECT_EQ(fields[3].value, "</b.css>; rel=preload");
}

TEST(LocationTest, EveryReferenceOfALinkFieldMoves) {
  EXPECT_EQ(FixLink("</a.css>; rel=preload; title=\"</b>, \\\" <\", <https://c/>, </d>", Fixed),
            "</clients/x/proxy/a.css>; rel=preload; title=\"</b>, \\\" <\", <https://c/>, "
            "</clients/x/proxy/d>");
  EXPECT_EQ(FixLink("</a", Fixed), "</a");
  EXPECT_EQ(FixLink("<>", Fixed), "<>");
}

TEST(LocationTest, CookiePathsMove) {
  EXPECT_EQ(FixCookiePath("a=b; Path=/; HttpOnly", "/P"), "a=b; HttpOnly; Path=/P/");
  EXPECT_EQ(FixCookiePath("a=b; Path=/P/x", "/P"), "a=b; Path=/P/x");
  EXPECT_EQ(FixCookiePath("a=b", "/P"), "a=b");
}

TEST(LocationTest, FieldsAreRewrittenTogether) {
  http::Fields fields;
  fields.Add("location", "/x");
  fields.Add("set-cookie", "a=b; Path=/");
  fields.Add("set-cookie", "c=d");
  fields.Add("access-control-allow-origin", "*");
  fields.Add("refresh", "0; url=http://127.0.0.1:3001/y");
  fields.Add("content-security-policy-report-only", "img-src /y; report-uri /z /y");
  fields.Add("service-worker-allowed", "/");
  fields.Add("x-other", "/x");
  RewriteFields(fields, kAddresses);
  EXPECT_EQ(fields.Find("location"), "/clients/x/proxy/x");
  EXPECT_EQ(fields.Count("set-cookie"), 2U);
  EXPECT_FALSE(fields.Has("access-control-allow-origin"));
  EXPECT_EQ(fields.Find("refresh"), "0; url=/clients/x/proxy/y");
  EXPECT_EQ(fields.Find("content-security-policy-report-only"),
            "img-src /y; report-uri /clients/x/proxy/z /clients/x/proxy/y");
  EXPECT_EQ(fields.Find("service-worker-allowed"), "/clients/x/proxy/");
  EXPECT_EQ(fields.Find("x-other"), "/x");
}

}  // namespace
}  // namespace berth::rewrite
