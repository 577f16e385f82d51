#include "hub/cross_site.h"

#include <gtest/gtest.h>

#include "base/result_testing.h"

namespace berth::hub {
namespace {

http::RequestHead Head(std::string_view method,
                       std::initializer_list<std::pair<const char*, const char*>> fields) {
  http::RequestHead head;
  head.method = method;
  head.target = "/";
  for (const auto& [name, value] : fields) head.fields.Add(name, value);
  return head;
}

struct Case {
  http::RequestHead head;
  bool cookie;
  bool bearer;
};

TEST(CrossSiteTest, NonSafeRequestsNeedTheirOwnOrigin) {
  const Case cases[] = {
      {Head("GET", {}), true, true},
      {Head("POST", {}), false, true},
      {Head("POST", {{"sec-fetch-site", "same-origin"}}), true, true},
      {Head("POST", {{"origin", "http://hub"}}), true, true},
      {Head("POST", {{"origin", "http://hub"}, {"sec-fetch-site", "same-site"}}), true, true},
      {Head("POST", {{"origin", "http://hub:80"}}), false, false},
      {Head("POST", {{"origin", "null"}}), false, false},
      {Head("POST", {{"sec-fetch-site", "same-site"}}), false, false},
      {Head("POST", {{"sec-fetch-site", "none"}}), false, false},
      {Head("DELETE", {{"sec-fetch-mode", "navigate"}}), false, true},
      {Head("POST", {{"origin", "http://hub"}, {"origin", "http://evil"}}), false, false},
  };
  for (const auto& [head, cookie, bearer] : cases) {
    EXPECT_EQ(CheckSameOrigin(head, "http://hub", Proof::kCookie).has_value(), cookie);
    EXPECT_EQ(CheckSameOrigin(head, "http://hub", Proof::kBearer).has_value(), bearer);
  }
}

TEST(CrossSiteTest, UpgradesAreNeverSafe) {
  auto head = Head("GET", {{"origin", "http://evil"}});
  head.protocol = "websocket";
  EXPECT_FALSE(CheckSameOrigin(head, "http://hub", Proof::kCookie).has_value());
}

TEST(CrossSiteTest, AGetThatChangesSomethingNeedsAnOwnPage) {
  const auto page = [](const char* site, const char* mode, const char* destination) {
    return Head(
        "GET",
        {{"sec-fetch-site", site}, {"sec-fetch-mode", mode}, {"sec-fetch-dest", destination}});
  };
  const struct {
    http::RequestHead head;
    bool is_own;
  } cases[] = {
      {Head("GET", {}), false},
      {page("same-origin", "navigate", "document"), true},
      {page("none", "navigate", "document"), true},
      {page("same-site", "navigate", "document"), false},
      {page("cross-site", "navigate", "document"), false},
      {page("same-origin", "navigate", "iframe"), false},
      {page("same-origin", "no-cors", "image"), false},
      {page("same-origin", "cors", "empty"), false},
      {Head("GET", {{"sec-fetch-site", "same-origin"}}), true},
      {Head("GET", {{"sec-fetch-site", "same-site"}}), false},
      {Head("GET", {{"sec-fetch-site", "same-origin"}, {"sec-purpose", "prefetch;prerender"}}),
       false},
      {Head("GET", {{"sec-fetch-site", "cross-site"}, {"origin", "http://hub"}}), false},
      {Head("GET", {{"sec-fetch-site", "cross-site"}, {"referer", "http://hub/x"}}), false},
      {Head("GET", {{"sec-fetch-site", "none"}, {"sec-fetch-site", "none"}}), false},
      {Head("GET", {{"origin", "http://hub"}}), true},
      {Head("GET", {{"origin", "http://evil"}}), false},
      {Head("GET", {{"origin", "null"}, {"referer", "http://hub/x"}}), false},
      {Head("GET", {{"referer", "http://hub/dashboard"}}), true},
      {Head("GET", {{"referer", "http://hub"}}), false},
      {Head("GET", {{"referer", "http://hub.evil/"}}), false},
      {Head("GET", {{"referer", "http://hub:81/"}}), false},
      {Head("GET", {{"referer", "https://hub/"}}), false},
      {Head("GET", {{"referer", "http://hub/"}, {"referer", "http://evil/"}}), false},
  };
  for (const auto& [head, is_own] : cases) {
    std::string fields;
    for (const auto& [name, value] : head.fields) fields += fmt::format("{}: {}; ", name, value);
    EXPECT_EQ(IsAskedByOwnPage(head, "http://hub"), is_own) << fields;
  }
}

TEST(CrossSiteTest, SiblingsMayNavigateButNotEmbed) {
  EXPECT_TRUE(CheckNotEmbedded(Head("GET", {})).has_value());
  EXPECT_TRUE(CheckNotEmbedded(Head("GET", {{"sec-fetch-site", "cross-site"},
                                            {"sec-fetch-mode", "navigate"},
                                            {"sec-fetch-dest", "document"}}))
                  .has_value());
  for (const char* destination : {"iframe", "image", "script", "empty", "worker"}) {
    EXPECT_FALSE(CheckNotEmbedded(Head("GET", {{"sec-fetch-site", "same-site"},
                                               {"sec-fetch-mode", "no-cors"},
                                               {"sec-fetch-dest", destination}}))
                     .has_value())
        << destination;
  }
}

TEST(CrossSiteTest, WhatAServiceWorkerPassesOnIsANavigationAndMayBeForAFrame) {
  const auto passed_on = [](const char* method, const char* site, const char* mode) {
    return Head(method,
                {{"sec-fetch-site", site}, {"sec-fetch-mode", mode}, {"sec-fetch-dest", "empty"}});
  };
  for (const char* site : {"cross-site", "same-site", "same-origin", "none"}) {
    const auto head = passed_on("GET", site, "navigate");
    const bool is_of_another = site[0] == 'c' || std::string_view(site) == "same-site";
    EXPECT_TRUE(IsNavigation(head)) << site;
    EXPECT_TRUE(CheckNotEmbedded(head).has_value()) << site;
    EXPECT_EQ(IsLedByAnotherOrigin(head), is_of_another) << site;
    EXPECT_EQ(IsOpenedBySibling(head), std::string_view(site) == "same-site") << site;
  }
  const auto fetched = passed_on("GET", "same-site", "cors");
  EXPECT_FALSE(IsNavigation(fetched) || IsOpenedBySibling(fetched));
  EXPECT_FALSE(CheckNotEmbedded(fetched).has_value());
  EXPECT_FALSE(IsLedByAnotherOrigin(passed_on("POST", "cross-site", "navigate")));
}

TEST(CrossSiteTest, PagesAreKeptFromFramesAndNothingElseIs) {
  const auto policy = [](const char* name, const char* value, bool is_page) {
    auto answer = Head("GET", {{name, value}}).fields;
    KeepFromFrames(answer, is_page);
    return std::string(answer.Find("content-security-policy").value_or(""));
  };
  EXPECT_EQ(policy("content-type", "text/html; charset=utf-8", false), "frame-ancestors 'self'");
  EXPECT_EQ(policy("content-type", "application/pdf", true), "frame-ancestors 'self'");
  EXPECT_EQ(policy("content-type", "text/javascript", false), "");
  EXPECT_EQ(policy("x-frame-options", "Deny", true), "frame-ancestors 'none'");
  EXPECT_EQ(policy("x-frame-options", "SAMEORIGIN", true), "frame-ancestors 'self'");
}

TEST(CrossSiteTest, APageThatASiblingOpensIsCutOffInTheCacheToo) {
  struct Row {
    const char *name, *value;
    bool by_sibling, is_page;
    const char *policy, *vary;
  };
  const char* const kCut = "same-origin-allow-popups";
  for (const auto& [name, value, by_sibling, is_page, policy, vary] : {
           Row{"date", "x", true, true, kCut, "sec-fetch-site"},
           Row{"date", "x", false, true, "", "sec-fetch-site"},
           // What a script fetches, a navigation may have of the cache.
           Row{"content-type", "Text/HTML; charset=utf-8", false, false, "", "sec-fetch-site"},
           Row{"content-type", "text/javascript", false, false, "", ""},
           Row{"vary", "*", true, true, kCut, "*"},
           Row{"vary", "accept, Sec-Fetch-Site", true, true, kCut, "accept, Sec-Fetch-Site"},
           Row{"cross-origin-opener-policy", "unsafe-none", true, true, "unsafe-none", ""},
       }) {
    auto answer = Head("GET", {{name, value}}).fields;
    CutOpener(answer, by_sibling, is_page);
    EXPECT_EQ(answer.Find("cross-origin-opener-policy").value_or(""), policy) << value;
    EXPECT_EQ(answer.Find("vary").value_or(""), vary) << value;
  }
  http::Fields both;
  both.Add("vary", "accept-encoding");
  CutOpener(both, false, true);
  EXPECT_TRUE(both.HasToken("vary", "accept-encoding") && both.HasToken("vary", "sec-fetch-site"));
}

}  // namespace
}  // namespace berth::hub
