#include "net/network.h"

#include <gtest/gtest.h>

#include "base/result_testing.h"

namespace berth::net {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;

TEST(NetworkTest, ContainsItsAddressesAndNoOthers) {
  const struct {
    const char* network;
    const char* address;
    bool is_inside;
  } cases[] = {
      {"10.0.0.0/8", "10.255.0.1", true},
      {"10.0.0.0/8", "11.0.0.0", false},
      {"10.0.0.0/8", "::ffff:10.1.2.3", true},
      {"10.0.0.0/8", "a00::", false},
      {"192.0.2.128/25", "192.0.2.128", true},
      {"192.0.2.128/25", "192.0.2.255", true},
      {"192.0.2.128/25", "192.0.2.127", false},
      {"192.0.2.7", "192.0.2.7", true},
      {"192.0.2.7", "192.0.2.6", false},
      {"192.0.2.7/32", "192.0.2.7", true},
      {"0.0.0.0/0", "203.0.113.9", true},
      {"0.0.0.0/0", "2001:db8::1", false},
      {"::ffff:10.0.0.0/104", "10.1.2.3", true},
      {"2001:db8::/32", "2001:db8:ffff::1", true},
      {"2001:db8::/32", "2001:db9::", false},
      {"2001:db8::/33", "2001:db8:8000::", false},
      {"::1", "::1", true},
      {"::1", "::2", false},
      {"::/0", "2001:db8::1", true},
      {"::/0", "10.0.0.1", false},
  };
  for (const auto& [text, ip, is_inside] : cases) {
    const auto network = Network::Parse(text);
    ASSERT_THAT(network, IsOk()) << text;
    EXPECT_EQ(network->Contains(*SocketAddress::FromText(ip, 80)), is_inside) << text << " " << ip;
  }
  EXPECT_FALSE(Network::Parse("0.0.0.0/0")->Contains(SocketAddress()));
}

TEST(NetworkTest, RefusesWhatIsNoNetwork) {
  for (const char* text :
       {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8 ",
        " 10.0.0.0/8", "10.0.0.0/8/8", "10.0.0/8", "10.0.0.1/8", "192.0.2.129/25", "::/129",
        "2001:db8::1/64", "[::1]/128", "fe80::1%eth0", "localhost", "10.0.0.0/0x8", "*"}) {
    EXPECT_THAT(Network::Parse(text), FailsWith(ErrorKind::kInvalid)) << text;
  }
}

}  // namespace
}  // namespace berth::net
