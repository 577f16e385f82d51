#include "net/url.h"

#include <gtest/gtest.h>

#include "base/result_testing.h"

namespace berth::net {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;

TEST(SplitUrlTest, TakesUrlsApart) {
  const auto url = SplitUrl("HTTPS://Hub.Example:8443/a/b?c=d#e");
  ASSERT_THAT(url, IsOk());
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->authority, "Hub.Example:8443");
  EXPECT_EQ(url->place, (HostPort{"Hub.Example", 8443}));
  EXPECT_EQ(url->target, "/a/b?c=d#e");
}

TEST(SplitUrlTest, ThePortIsTheSchemesOwnIfNoneIsWritten) {
  EXPECT_EQ(SplitUrl("https://hub")->place, (HostPort{"hub", 443}));
  EXPECT_EQ(SplitUrl("WSS://hub")->place, (HostPort{"hub", 443}));
  EXPECT_EQ(SplitUrl("http://hub")->place, (HostPort{"hub", 80}));
  EXPECT_EQ(SplitUrl("ws://hub:65535")->place, (HostPort{"hub", 65535}));
}

TEST(SplitUrlTest, AnIpv6HostHasBracketsInTheAuthorityAlone) {
  const auto url = SplitUrl("http://[2001:db8::1]:8080/");
  ASSERT_THAT(url, IsOk());
  EXPECT_EQ(url->authority, "[2001:db8::1]:8080");
  EXPECT_EQ(url->place, (HostPort{"2001:db8::1", 8080}));
  EXPECT_EQ(SplitUrl("https://[::1]")->place, (HostPort{"::1", 443}));
  for (const char* wrong :
       {"http://::1", "http://[::1", "http://[::1]80", "http://[a]", "http://[]"}) {
    EXPECT_THAT(SplitUrl(wrong), FailsWith(ErrorKind::kInvalid)) << wrong;
  }
}

TEST(SplitUrlTest, TheAuthorityEndsWhereSomethingElseBegins) {
  EXPECT_EQ(SplitUrl("http://a")->target, "");
  EXPECT_EQ(SplitUrl("http://a?b@c:d")->target, "?b@c:d");
  EXPECT_EQ(SplitUrl("http://a#b/c")->target, "#b/c");
  EXPECT_EQ(SplitUrl("http://a/http://b")->authority, "a");
}

TEST(SplitUrlTest, RefusesWhatNamesNoPlace) {
  for (const char* wrong :
       {"", "hub.example", "hub:80", "://hub", "https:/hub", "https://", "https:///a",
        "https://:443", "https://?a", "https://*", "https://*:443", "https://h:0",
        "https://h:65536", "https://h:-1", "https://h:", "https://h:8o", "https://h:1:2"}) {
    EXPECT_THAT(SplitUrl(wrong), FailsWith(ErrorKind::kInvalid)) << wrong;
  }
}

TEST(SplitUrlTest, RefusesAUserAndAPassword) {
  for (const char* wrong : {"https://user@hub", "https://user:word@hub/", "https://@hub"}) {
    EXPECT_THAT(SplitUrl(wrong), FailsWith(ErrorKind::kInvalid)) << wrong;
  }
}

TEST(SplitUrlTest, RefusesBytesThatNoUrlHas) {
  for (const char* wrong : {"https://hub\\.example", "https://h ub", "https://hub/a b",
                            "https://hub/\r\n", "https://hub\x01", "https://hub/\x7f",
                            "https://h\xc3\xbc", "https://hub/\t", " https://hub"}) {
    EXPECT_THAT(SplitUrl(wrong), FailsWith(ErrorKind::kInvalid)) << wrong;
  }
  EXPECT_THAT(SplitUrl(std::string_view("https://hub/\0", 13)), FailsWith(ErrorKind::kInvalid));
}

}  // namespace
}  // namespace berth::net
