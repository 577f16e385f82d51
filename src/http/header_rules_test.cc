#include "http/header_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/cookie.h"

namespace berth::http {
namespace {

std::string Dump(const Fields& fields) {
  std::string out;
  for (const auto& [name, value] : fields) out += fmt::format("{}: {}\n", name, value);
  return out;
}

TEST(HeaderRulesTest, Check12_ForgedForwardingFieldsAreRemovedInEverySpelling) {
  const char* forged[] = {"X-Forwarded-For",
                          "x_forwarded_for",
                          "X-Forwarded_Host",
                          "Forwarded",
                          "X-Real-IP",
                          "x_real_ip",
                          "X-Orchestrator-User",
                          "X_Orchestrator_User_Id",
                          "X-ORCHESTRATOR-USERNAME",
                          "X-Berth-Assertion",
                          "x_berth_anything",
                          "Via",
                          "Expect",
                          "Proxy",
                          "X-Forwarded-Prefix",
                          "x-orchestratoruser",
                          "Content_Length"};
  for (const char* name : forged) {
    Fields fields;
    fields.Add(name, "evil");
    fields.Add("accept", "*/*");
    RemoveHopByHop(fields);
    RemoveForwarding(fields);
    EXPECT_EQ(Dump(fields), "accept: */*\n") << name;
  }
}

TEST(HeaderRulesTest, RemovesWhatConnectionNamesAndHopByHop) {
  Fields fields;
  fields.Add("Connection", "keep-alive, X-Secret-Hop, Close");
  fields.Add("close", "1");
  fields.Add("x-secret-hop", "1");
  fields.Add("Keep-Alive", "timeout=5");
  fields.Add("Transfer_Encoding", "chunked");
  fields.Add("Proxy-Authorization", "Basic x");
  fields.Add("TE", "trailers");
  fields.Add("Trailer", "x");
  fields.Add("Upgrade", "h2c");
  fields.Add("x-kept", "2");
  RemoveHopByHop(fields);
  EXPECT_EQ(Dump(fields), "x-kept: 2\n");
}

TEST(HeaderRulesTest, Check12_WhatConnectionNamesIsRemovedInEverySpelling) {
  Fields fields;
  fields.Add("Connection", "X_Hop,  x-other ,,");
  fields.Add("connection", "X-Third");
  for (const char* name : {"X-Hop", "x_hop", "X_Other", "x-third", "X_THIRD"})
    fields.Add(name, "1");
  fields.Add("x-kept", "2");
  RemoveHopByHop(fields);
  EXPECT_EQ(Dump(fields), "x-kept: 2\n");
}

TEST(HeaderRulesTest, Check13_ACookieWithoutANameDoesNotPassForOurs) {
  Fields fields;
  for (const char* cookie : {"=own=evil", " = own=evil; Path=/", "own=evil", "=other=1", "bare"}) {
    fields.Add("set-cookie", cookie);
  }
  RemoveDangerous(fields, {"own"});
  EXPECT_EQ(Dump(fields), "set-cookie: =other=1\nset-cookie: bare\n");
}

TEST(HeaderRulesTest, ConnectionCannotRemoveWhatWeAddAfterwards) {
  Fields fields;
  fields.Add("connection", "x-forwarded-for");
  RemoveHopByHop(fields);
  RemoveForwarding(fields);
  AddForwarding(fields, {"192.0.2.1", "https", "hub.example", "/clients/a/proxy"});
  EXPECT_EQ(Dump(fields),
            "x-forwarded-for: 192.0.2.1\nx-forwarded-proto: https\n"
            "x-forwarded-host: hub.example\nx-forwarded-prefix: /clients/a/proxy\n");
}

TEST(HeaderRulesTest, Check13_DangerousResponseFieldsAreRemoved) {
  for (const char* name : {"Clear-Site-Data",
                           "Service-Worker-Allowed",
                           "Strict-Transport-Security",
                           "Public-Key-Pins",
                           "Public-Key-Pins-Report-Only",
                           "Alt-Svc",
                           "Report-To",
                           "Reporting-Endpoints",
                           "NEL",
                           "Sec-Session-Registration",
                           "Secure-Session-Registration",
                           "X-Refreshed-Token",
                           "X-Berth-Error",
                           "X-Orchestrator-User-Id",
                           "x_orchestrator_username",
                           "Connection",
                           "Proxy-Authenticate",
                           "Surrogate-Control",
                           "CDN-Cache-Control",
                           "Cloudflare-CDN-Cache-Control",
                           "Edge-Control",
                           "X-Accel-Expires",
                           "X_Accel_Redirect",
                           "X-Sendfile"}) {
    Fields fields;
    fields.Add(name, "x");
    fields.Add("content-type", "text/html");
    RemoveDangerous(fields, {});
    EXPECT_EQ(Dump(fields), "content-type: text/html\n") << name;
  }
}

TEST(HeaderRulesTest, WhatConcernsTheBrowserStays) {
  Fields fields;
  for (const char* name : {"cache-control", "expires", "x-accel-buffering", "x-cdn-cache"}) {
    fields.Add(name, "x");
  }
  RemoveDangerous(fields, {});
  EXPECT_EQ(fields.size(), 4U);
}

TEST(HeaderRulesTest, SetCookieKeepsOrderLosesDomainAndReservedNames) {
  Fields fields;
  fields.Add("set-cookie", "a=1; Path=/; Domain=example.org");
  fields.Add("set-cookie", "berth_session=stolen; Path=/");
  fields.Add("set-cookie", "b=2");
  RemoveDangerous(fields, {"berth_session"});
  EXPECT_EQ(Dump(fields), "set-cookie: a=1; Path=/\nset-cookie: b=2\n");
}

TEST(CookieTest, OwnCookiesLeaveOthersByteIdentical) {
  Fields fields;
  fields.Add("cookie", "x=\"a b\";  y=1==; berth_session=id.secret; berth_session2=q;z");
  RemoveCookies(fields, {"berth_session"});
  EXPECT_EQ(Dump(fields), "cookie: x=\"a b\";  y=1==; berth_session2=q;z\n");
  Fields only;
  only.Add("cookie", "berth_session=id.secret");
  RemoveCookies(only, {"berth_session"});
  EXPECT_TRUE(only.empty());
}

TEST(CookieTest, CookiesAreRenamedByHowTheirNamesBegin) {
  Fields fields;
  fields.Add("cookie", "x=from-a;  from-b=from-c ; y-from-;from-");
  fields.Add("cookie", "z=1");
  RenameCookies(fields, "from-", "To-");
  EXPECT_EQ(Dump(fields), "cookie: x=from-a;  To-b=from-c ; y-from-;To-\ncookie: z=1\n");
}

TEST(CookieTest, APlantedSecondCookieIsNoCookie) {
  Fields fields;
  fields.Add("cookie", "s=good");
  EXPECT_EQ(FindCookie(fields, "s"), "good");
  fields.Add("cookie", "s=evil");
  EXPECT_FALSE(FindCookie(fields, "s").has_value());
}

}  // namespace
}  // namespace berth::http
