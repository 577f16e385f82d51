#include "hub/trusted_proxies.h"

#include <gtest/gtest.h>

namespace berth::hub {
namespace {

using Lines = std::vector<std::pair<const char*, const char*>>;

class TrustedProxiesTest : public ::testing::Test {
 protected:
  /// "ADDRESS SCHEME" of a request from `peer` with these fields.
  std::string Seen(const char* peer, const Lines& lines) {
    http::Request request;
    request.peer.address = peer;
    request.head.scheme = "ftp";
    for (const auto& [name, value] : lines) request.head.fields.Add(name, value);
    proxies_.Apply(request);
    EXPECT_EQ(request.head.fields.size(), lines.size());
    return request.peer.address + " " + request.head.scheme;
  }

  TrustedProxies proxies_{{*net::Network::Parse("10.0.0.0/8"), *net::Network::Parse("::1")},
                          "https"};
};

TEST_F(TrustedProxiesTest, OthersHaveNoSay) {
  for (const char* peer : {"192.0.2.1", "11.0.0.1", "::2", "", "localhost"}) {
    EXPECT_EQ(Seen(peer, {{"x-forwarded-for", "198.51.100.1"}, {"x-forwarded-proto", "http"}}),
              std::string(peer) + " https");
  }
  TrustedProxies none({}, "http");
  http::Request request;
  request.peer.address = "10.0.0.1";
  request.head.fields.Add("x-forwarded-for", "198.51.100.1");
  none.Apply(request);
  EXPECT_EQ(request.peer.address, "10.0.0.1");
  EXPECT_EQ(request.head.scheme, "http");
}

TEST_F(TrustedProxiesTest, TheRightmostAddressThatIsNotTheirsIsTheBrowsers) {
  const struct {
    Lines lines;
    const char* seen;
  } cases[] = {
      {{{"x-forwarded-for", "198.51.100.1"}}, "198.51.100.1"},
      {{{"x-forwarded-for", "203.0.113.66, 198.51.100.1"}}, "198.51.100.1"},
      {{{"x-forwarded-for", "203.0.113.66 ,\t198.51.100.1 , 10.2.3.4,::1"}}, "198.51.100.1"},
      {{{"x-forwarded-for", "203.0.113.66"}, {"x-forwarded-for", "198.51.100.1,10.0.0.9"}},
       "198.51.100.1"},
      {{{"x-forwarded-for", "198.51.100.1"}, {"x-forwarded-for", "10.0.0.9"}}, "198.51.100.1"},
      // What a browser made up stands left of its own address, whatever it is.
      {{{"x-forwarded-for", "junk,, 10.0.0.1, 198.51.100.1, 10.0.0.9"}}, "198.51.100.1"},
      {{{"x-forwarded-for", "2001:DB8:0:0::1"}}, "2001:db8::1"},
      {{{"x-forwarded-for", "::ffff:198.51.100.1"}}, "198.51.100.1"},
      // Somebody of the proxies' own network.
      {{{"x-forwarded-for", "10.0.0.7, 10.0.0.8"}}, "10.0.0.7"},
      {{{"x_forwarded_for", "198.51.100.1"}, {"forwarded", "for=198.51.100.1"}}, "10.0.0.1"},
      {{}, "10.0.0.1"},
  };
  for (const auto& [lines, seen] : cases) {
    EXPECT_EQ(Seen("10.0.0.1", lines), std::string(seen) + " https") << seen;
  }
  EXPECT_EQ(Seen("::ffff:10.0.0.1", {{"x-forwarded-for", "198.51.100.1"}}), "198.51.100.1 https");
}

TEST_F(TrustedProxiesTest, AnEntryThatIsNoAddressMakesItThePeers) {
  for (const char* text :
       {"", "unknown", "_hidden", "198.51.100.1:8080", "[2001:db8::1]", "\"198.51.100.1\"",
        "198.51.100.1,", "198.51.100.1, unknown", "198.51.100.1, x, 10.0.0.9", "198.51.100.1;",
        "0xc6336401", "198.51.100", "fe80::1%eth0", "198.51.100.1 198.51.100.2"}) {
    EXPECT_EQ(Seen("10.0.0.1", {{"x-forwarded-for", text}}), "10.0.0.1 https") << text;
  }
}

TEST_F(TrustedProxiesTest, WarnsOnceOfAProxyThatWasForgotten) {
  const Lines forwarded = {{"x-forwarded-for", "198.51.100.1"}};
  ::testing::internal::CaptureStderr();
  Seen("8.8.8.8", forwarded);
  Seen("127.0.0.1", {});
  Seen("10.0.0.1", forwarded);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  ::testing::internal::CaptureStderr();
  Seen("127.0.0.1", forwarded);
  Seen("192.168.0.1", forwarded);
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(said.contains("a request from 127.0.0.1 comes with X-Forwarded-For")) << said;
  EXPECT_FALSE(said.contains("192.168")) << said;
}

TEST_F(TrustedProxiesTest, TheSchemeIsOneOfTwoWords) {
  EXPECT_EQ(Seen("::1", {{"x-forwarded-proto", "http"}}), "::1 http");
  EXPECT_EQ(Seen("::1", {{"x-forwarded-proto", "HTTP"}}), "::1 http");
  EXPECT_EQ(Seen("::1", {{"x-forwarded-proto", "https"}}), "::1 https");
  for (const char* text : {"", "ws", "http, https", "http,", "javascript"}) {
    EXPECT_EQ(Seen("::1", {{"x-forwarded-proto", text}}), "::1 https") << text;
  }
  EXPECT_EQ(Seen("::1", {{"x-forwarded-proto", "http"}, {"x-forwarded-proto", "http"}}),
            "::1 https");
}

}  // namespace
}  // namespace berth::hub
