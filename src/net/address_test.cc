#include "net/address.h"

#include <gtest/gtest.h>

#include "base/result_testing.h"
#include "net/socket_address.h"

namespace berth::net {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;

TEST(AddressTest, ParsesHostsAndPorts) {
  const struct {
    const char* text;
    const char* host;
    std::uint16_t port;
  } cases[] = {
      {"example.org:80", "example.org", 80},
      {"127.0.0.1:0", "127.0.0.1", 0},
      {"[::1]:8443", "::1", 8443},
      {":8080", "", 8080},
      {"*:8080", "", 8080},
      {"localhost", "localhost", 7},
      {"::1", "::1", 7},
      {"[fe80::1%eth0]:1", "fe80::1%eth0", 1},
      {"a_b-c.d:65535", "a_b-c.d", 65535},
  };
  for (const auto& [text, host, port] : cases) {
    auto parsed = ParseHostPort(text, std::uint16_t{7});
    ASSERT_THAT(parsed, IsOk()) << text;
    EXPECT_EQ(*parsed, (HostPort{host, port})) << text;
  }
  EXPECT_EQ(ParseHostPort("[::1]:80")->ToString(), "[::1]:80");
  EXPECT_EQ(ParseHostPort("host:80")->ToString(), "host:80");
}

TEST(AddressTest, RefusesWhatIsNoAddress) {
  for (const char* text : {"", "host:", "host:65536", "host:-1", "host:8 0", "ho st:80",
                           "http://host:80", "user@host:80", "[::1", "[::1]80", "[host]:80",
                           "a:b:c", "host:80/", "h\n:1", "[::1%]:80", "::1%a b", "fe80::1%/x"}) {
    EXPECT_THAT(ParseHostPort(text, std::uint16_t{7}), FailsWith(ErrorKind::kInvalid)) << text;
  }
  using std::string_view_literals::operator""sv;
  for (const std::string_view text : {"::1\0x"sv, "[::1\0x]:1"sv, "127.0.0.1\0.example.org"sv}) {
    EXPECT_THAT(ParseHostPort(text, std::uint16_t{7}), FailsWith(ErrorKind::kInvalid)) << text;
    EXPECT_FALSE(IsIpAddress(text));
    EXPECT_FALSE(IsLoopbackHost(text));
  }
  EXPECT_THAT(ParseHostPort("host"), FailsWith(ErrorKind::kInvalid));
  EXPECT_THAT(ParseHostPort(std::string(254, 'a') + ":1"), FailsWith(ErrorKind::kInvalid));
}

TEST(AddressTest, KnowsLoopback) {
  for (const char* host : {"localhost", "LOCALHOST", "localhost.", "x.localhost", "a.b.LocalHost.",
                           "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(IsLoopbackHost(host)) << host;
  }
  for (const char* host :
       {"localhost.example.org", "128.0.0.1", "::2", "", "127.example.org", "127.0.0",
        "127.0.0.1.1", "notlocalhost", "localhos", "::ffff:128.0.0.1"}) {
    EXPECT_FALSE(IsLoopbackHost(host)) << host;
  }
}

TEST(SocketAddressTest, RoundTripsTextAndShowsMappedAddressesAsIpv4) {
  EXPECT_EQ(SocketAddress::FromText("192.0.2.7", 80)->Ip(), "192.0.2.7");
  EXPECT_EQ(SocketAddress::FromText("2001:db8::1", 80)->Ip(), "2001:db8::1");
  EXPECT_EQ(SocketAddress::FromText("2001:db8::1", 80)->port(), 80);
  EXPECT_EQ(SocketAddress::FromText("::ffff:192.0.2.7", 80)->Ip(), "192.0.2.7");
  EXPECT_FALSE(SocketAddress::FromText("localhost", 80));
}

TEST(SocketAddressTest, LocalhostIsKnownWithoutAsking) {
  for (const char* name : {"localhost", "hub.localhost"}) {
    auto found = ResolveBlocking({name, 80});
    ASSERT_THAT(found, IsOk());
    ASSERT_EQ(found->size(), 2u);
    EXPECT_EQ((*found)[0].Ip(), "127.0.0.1");
    EXPECT_EQ((*found)[1].Ip(), "::1");
  }
}

TEST(AddressTest, PublicAddressesAreToldFromThoseOfMachinesAndNetworks) {
  for (const auto* ip :
       {"8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "192.169.0.1", "223.255.255.255",
        "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"}) {
    EXPECT_TRUE(IsPublicAddress(SocketAddress::FromText(ip, 443).value())) << ip;
  }
  for (const auto* ip : {"127.0.0.1",
                         "127.255.255.254",
                         "0.0.0.0",
                         "10.1.2.3",
                         "172.16.0.1",
                         "172.31.255.255",
                         "192.168.1.1",
                         "169.254.169.254",
                         "100.64.0.1",
                         "100.127.255.255",
                         "224.0.0.1",
                         "255.255.255.255",
                         "240.0.0.1",
                         "192.0.2.1",
                         "198.18.0.1",
                         "::1",
                         "::",
                         "fe80::1",
                         "fd00::1",
                         "fc00::1",
                         "ff02::1",
                         "::ffff:127.0.0.1",
                         "::ffff:10.0.0.1",
                         "64:ff9b::7f00:1",
                         "2002:7f00:1::",
                         "2001::1",
                         "2001:db8::1",
                         "::127.0.0.1"}) {
    EXPECT_FALSE(IsPublicAddress(SocketAddress::FromText(ip, 443).value())) << ip;
  }
}

}  // namespace
}  // namespace berth::net
