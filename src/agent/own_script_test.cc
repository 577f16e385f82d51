#include "agent/own_script.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace berth::agent {
namespace {

using Pairs = std::initializer_list<std::pair<const char*, const char*>>;

/// As the hub sends on what a browser asked for at https://box.apps.example.
http::RequestHead Head(Pairs fields, const char* prefix = "") {
  http::RequestHead head;
  head.method = "GET";
  head.target = "/api/projects/clone-progress?path=x";
  head.fields.Add("x-forwarded-proto", "https");
  head.fields.Add("x-forwarded-host", "box.apps.example");
  if (*prefix != '\0') head.fields.Add("x-forwarded-prefix", prefix);
  for (const auto& [name, value] : fields) head.fields.Add(name, value);
  return head;
}

std::string Shown(const http::RequestHead& head) {
  std::string fields;
  for (const auto& [name, value] : head.fields) fields += fmt::format("{}: {}; ", name, value);
  return fields;
}

TEST(OwnScriptTest, AScriptOfThePageMayAskAndNothingElseOfABrowser) {
  const struct {
    const char *site, *mode, *destination;
    bool is_own;
  } cases[] = {
      {"same-origin", "cors", "empty", true},         {"same-origin", "same-origin", "empty", true},
      {"same-origin", "navigate", "document", false},  // As the hub's pages lead on.
      {"same-origin", "navigate", "iframe", false},   {"same-origin", "navigate", "empty", false},
      {"same-origin", "no-cors", "image", false},     {"same-origin", "no-cors", "empty", false},
      {"same-origin", "cors", "script", false},       {"none", "navigate", "document", false},
      {"same-site", "navigate", "document", false},   {"cross-site", "navigate", "document", false},
      {"same-site", "cors", "empty", false},          {"cross-site", "cors", "empty", false},
      {"SAME-ORIGIN", "cors", "empty", false},
  };
  for (const auto& [site, mode, destination, is_own] : cases) {
    auto head = Head({{"sec-fetch-site", site},
                      {"sec-fetch-mode", mode},
                      {"sec-fetch-dest", destination},
                      {"referer", "https://box.apps.example/x"}});
    EXPECT_EQ(IsAskedByOwnScript(head), is_own) << Shown(head);
    head.fields.Add("sec-purpose", "prefetch");
    EXPECT_FALSE(IsAskedByOwnScript(head)) << Shown(head);
  }
  EXPECT_TRUE(IsAskedByOwnScript(Head({{"sec-fetch-site", "same-origin"}})));
  EXPECT_FALSE(IsAskedByOwnScript(Head({{"sec-fetch-mode", "cors"}})));
  EXPECT_FALSE(IsAskedByOwnScript(Head({{"sec-fetch-dest", "empty"}})));
  EXPECT_FALSE(IsAskedByOwnScript(
      Head({{"sec-fetch-site", "same-origin"}, {"sec-fetch-site", "cross-site"}})));
}

TEST(OwnScriptTest, WithoutFetchMetadataItGoesByWhereThePageIs) {
  const auto ask = [](Pairs fields, const char* prefix = "") {
    auto head = Head(fields, prefix);
    head.fields.Add("user-agent", "Mozilla/5.0 (iPhone)");
    return IsAskedByOwnScript(head);
  };
  const char* own = "https://box.apps.example/session/1";
  EXPECT_TRUE(ask({{"referer", own}, {"accept", "text/event-stream"}}));
  EXPECT_TRUE(ask({{"referer", own}, {"origin", "https://box.apps.example"}}));
  EXPECT_FALSE(ask({}));  // As a link says nothing of where it stands.
  EXPECT_FALSE(ask({{"origin", "https://box.apps.example"}}));
  EXPECT_FALSE(ask({{"referer", own}, {"accept", "Text/HTML,*/*;q=0.8"}}));
  EXPECT_FALSE(ask({{"referer", own}, {"origin", "https://evil.example"}}));
  EXPECT_FALSE(ask({{"referer", own}, {"origin", "null"}}));
  EXPECT_FALSE(ask({{"referer", own}, {"referer", own}}));
  for (const char* other :
       {"https://evil.example/", "https://box.apps.example.evil/", "https://box.apps.example",
        "http://box.apps.example/", "https://other.apps.example/"}) {
    EXPECT_FALSE(ask({{"referer", other}})) << other;
  }
  const char* prefix = "/clients/box/proxy";
  EXPECT_TRUE(ask({{"referer", "https://box.apps.example/clients/box/proxy/x"}}, prefix));
  EXPECT_FALSE(ask({{"referer", "https://box.apps.example/clients/other/proxy/x"}}, prefix));
  EXPECT_FALSE(ask({{"referer", "https://box.apps.example/clients/box/proxyx"}}, prefix));
}

TEST(OwnScriptTest, WhatIsNoBrowserIsLedByNobody) {
  EXPECT_TRUE(IsAskedByOwnScript(Head({})));
  EXPECT_TRUE(IsAskedByOwnScript(Head({{"user-agent", "curl/8.5.0"}, {"accept", "*/*"}})));
}

}  // namespace
}  // namespace berth::agent
