#include "http/web.h"

#include <gtest/gtest.h>

#include "base/result_testing.h"

namespace berth::http {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;

TEST(WebUrlTest, TakesAddressesApart) {
  const auto url = ParseWebUrl("HTTPS://id.example:8443/a/b?c=d%20&e");
  ASSERT_THAT(url, IsOk());
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->authority, "id.example:8443");
  EXPECT_EQ(url->place.port, 8443);
  EXPECT_EQ(url->target, "/a/b?c=d%20&e");
  EXPECT_EQ(ParseWebUrl("https://id.example")->target, "/");
  EXPECT_EQ(ParseWebUrl("https://id.example?x")->target, "/?x");
  EXPECT_EQ(ParseWebUrl("https://id.example")->place.port, 443);
  EXPECT_EQ(ParseWebUrl("http://[::1]:80/")->place.host, "::1");
}

TEST(WebUrlTest, RefusesWhatMustNotBeAsked) {
  for (const char* text :
       {"", "id.example", "ftp://id.example/", "https://", "https:///x", "https://user@id.example/",
        "https://user:pass@id.example/", "https://id.example/#part", "https://id.example\\x/",
        "https://id.example/a b", "https://id.example/\r\nx", "http://id.example/",
        "http://127.0.0.1.id.example/", "https://id.example:0x/", "javascript://x/"}) {
    EXPECT_THAT(ParseWebUrl(text), FailsWith(ErrorKind::kInvalid)) << text;
  }
}

}  // namespace
}  // namespace berth::http
