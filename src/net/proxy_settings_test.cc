#include "net/proxy_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/result_testing.h"

namespace berth::net {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;

TEST(ProxyTest, ParsesUrls) {
  auto http = Proxy::Parse("http://proxy.example.org:3128/");
  ASSERT_THAT(http, IsOk());
  EXPECT_EQ(http->kind, Proxy::Kind::kHttp);
  EXPECT_EQ(http->address, (HostPort{"proxy.example.org", 3128}));
  EXPECT_EQ(http->user, "");
  auto socks = Proxy::Parse("SOCKS5H://me:p%40ss:w@[::1]");
  ASSERT_THAT(socks, IsOk());
  EXPECT_EQ(socks->kind, Proxy::Kind::kSocks5Names);
  EXPECT_EQ(socks->address, (HostPort{"::1", 1080}));
  EXPECT_EQ(socks->user, "me");
  EXPECT_EQ(socks->password.Reveal(), "p@ss:w");
  EXPECT_EQ(Proxy::Parse("proxy")->address, (HostPort{"proxy", 80}));
  EXPECT_EQ(Proxy::Parse("socks5://proxy")->kind, Proxy::Kind::kSocks5);
}

TEST(ProxyTest, RefusesOtherUrlsWithoutShowingThePassword) {
  for (const char* url : {"", "https://proxy", "socks4://proxy", "http://", "http://proxy:x",
                          "http://proxy/path", "http://me:secret@pro xy"}) {
    auto proxy = Proxy::Parse(url);
    EXPECT_THAT(proxy, FailsWith(ErrorKind::kInvalid)) << url;
    EXPECT_THAT(proxy.error().message, ::testing::Not(::testing::HasSubstr("secret")));
  }
}

TEST(ProxyTest, BoundsTheCredentials) {
  const std::string fits(255, 'a');
  EXPECT_THAT(Proxy::Parse("http://" + fits + ":" + fits + "@proxy"), IsOk());
  EXPECT_THAT(Proxy::Parse("http://" + fits + "a@proxy"), FailsWith(ErrorKind::kInvalid));
  EXPECT_THAT(Proxy::Parse("http://me:" + fits + "a@proxy"), FailsWith(ErrorKind::kInvalid));
}

TEST(NoProxyTest, MatchesAsItsNotationSays) {
  const auto rules = NoProxyRules::Parse(
      "example.org, .below.net,*.star.net  exact.com:8443,10.0.0.0/9,192.0.2.7,fd00::/8,[::2]:1,"
      "bad/99,1.2.3.4/x,,");
  for (const HostPort& target : std::vector<HostPort>{{"example.org", 1},
                                                      {"EXAMPLE.org.", 1},
                                                      {"a.b.example.org", 1},
                                                      {"a.below.net", 1},
                                                      {"a.star.net", 1},
                                                      {"exact.com", 8443},
                                                      {"a.exact.com", 8443},
                                                      {"10.127.0.1", 1},
                                                      {"::ffff:10.1.1.1", 1},
                                                      {"192.0.2.7", 1},
                                                      {"fd12::1", 1},
                                                      {"::2", 1}}) {
    EXPECT_TRUE(rules.Matches(target)) << target.ToString();
  }
  for (const HostPort& target : std::vector<HostPort>{{"badexample.org", 1},
                                                      {"example.org.evil", 1},
                                                      {"below.net", 1},
                                                      {"star.net", 1},
                                                      {"exact.com", 443},
                                                      {"10.128.0.1", 1},
                                                      {"192.0.2.70", 1},
                                                      {"1.2.3.4", 1},
                                                      {"fe12::1", 1},
                                                      {"::2", 2}}) {
    EXPECT_FALSE(rules.Matches(target)) << target.ToString();
  }
  EXPECT_TRUE(NoProxyRules::Parse("a,*").Matches({"anything", 1}));
  EXPECT_FALSE(NoProxyRules::Parse("").Matches({"anything", 1}));
}

ProxySettings::Environment Variables(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const char* name) -> const char* {
    const auto found = values.find(name);
    return found == values.end() ? nullptr : found->second.c_str();
  };
}

TEST(ProxySettingsTest, ReadsTheEnvironment) {
  auto settings = ProxySettings::FromEnvironment(Variables({{"HTTPS_PROXY", "http://upper"},
                                                            {"https_proxy", "http://lower"},
                                                            {"http_proxy", ""},
                                                            {"ALL_PROXY", "socks5://all"},
                                                            {"NO_PROXY", "direct.org"}}));
  ASSERT_THAT(settings, IsOk());
  EXPECT_EQ(settings->Find({"host.org", 443}, Security::kTls)->address.host, "lower");
  EXPECT_EQ(settings->Find({"host.org", 80}, Security::kPlain)->address.host, "all");
  EXPECT_EQ(settings->Find({"direct.org", 443}, Security::kTls), nullptr);
  EXPECT_EQ(settings->Find({"localhost", 443}, Security::kTls), nullptr);
  EXPECT_EQ(settings->Find({"127.0.0.1", 443}, Security::kTls), nullptr);
}

TEST(ProxySettingsTest, NamesTheVariableThatIsWrong) {
  auto settings = ProxySettings::FromEnvironment(Variables({{"HTTPS_PROXY", "ftp://x"}}));
  EXPECT_THAT(settings, FailsWith(ErrorKind::kInvalid));
  EXPECT_THAT(settings.error().message, ::testing::HasSubstr("HTTPS_PROXY"));
}

}  // namespace
}  // namespace berth::net
