#include "hub/proxy_path.h"

#include <gtest/gtest.h>

namespace berth::hub {
namespace {

TEST(ProxyPathTest, SplitsAddressesOfPathMode) {
  const auto path = ParseProxyPath("/clients/box/proxy/a/b?c=/clients/x/proxy/");
  ASSERT_TRUE(path);
  EXPECT_EQ(path->instance_id, "box");
  EXPECT_EQ(path->prefix, "/clients/box/proxy");
  EXPECT_EQ(path->rest, "/a/b?c=/clients/x/proxy/");
  EXPECT_EQ(ParseProxyPath("/clients/box/proxy")->rest, "");
  EXPECT_EQ(ParseProxyPath("/clients/box/proxy?x=1")->rest, "");
}

TEST(ProxyPathTest, OtherPathsAreNot) {
  for (const char* other : {"/", "/clients", "/clients/", "/clients/box", "/clients/box/",
                            "/clients/box/proxyx", "/clients//proxy/", "/x/clients/box/proxy/"}) {
    EXPECT_FALSE(ParseProxyPath(other)) << other;
  }
}

TEST(ProxyPathTest, CookiesStayUnderThePrefix) {
  const std::string_view prefix = "/clients/box/proxy";
  EXPECT_EQ(ConfineCookie("a=1; Path=/; HttpOnly", prefix),
            "a=1; HttpOnly; Path=/clients/box/proxy/");
  EXPECT_EQ(ConfineCookie("a=1", prefix), "a=1; Path=/clients/box/proxy/");
  EXPECT_EQ(ConfineCookie("a=1; path=/clients/box/proxy/x", prefix),
            "a=1; Path=/clients/box/proxy/x");
  EXPECT_EQ(ConfineCookie("a=1; path=/clients/box/proxyx", prefix),
            "a=1; Path=/clients/box/proxy/clients/box/proxyx");
  EXPECT_EQ(ConfineCookie("a=1; path=relative", prefix), "a=1; Path=/clients/box/proxy/");
}

TEST(ProxyPathTest, CookiesThatBrowsersTakeForTheRootAloneGetAnotherName) {
  const std::string_view prefix = "/clients/box/proxy";
  EXPECT_EQ(ConfineCookie("__Host-a=__Host-1; Secure; Path=/", prefix),
            "__Secure-berth-host-a=__Host-1; Secure; Path=/clients/box/proxy/");
  EXPECT_EQ(ConfineCookie("__Host-Http-a=1; Secure; HttpOnly; Path=/", prefix),
            "__Secure-berth-host-Http-a=1; Secure; HttpOnly; Path=/clients/box/proxy/");
  EXPECT_EQ(ConfineCookie("a=__Host-1", prefix), "a=__Host-1; Path=/clients/box/proxy/");
  EXPECT_EQ(ConfineCookie("__Http-a=1", prefix), "__Http-a=1; Path=/clients/box/proxy/");
  EXPECT_EQ(ConfineCookie("__Secure-berth-host-a=1; Path=/", prefix), std::nullopt);
}

TEST(ProxyPathTest, RefererOfAnotherOriginSaysNothing) {
  EXPECT_EQ(PathOfUrl("http://hub:1/clients/a/proxy/x", "http://hub:1"), "/clients/a/proxy/x");
  EXPECT_FALSE(PathOfUrl("http://hub:12/clients/a/proxy/x", "http://hub:1"));
  EXPECT_FALSE(PathOfUrl("http://evil/", "http://hub:1"));
}

}  // namespace
}  // namespace berth::hub
