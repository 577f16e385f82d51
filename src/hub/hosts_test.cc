#include "hub/hosts.h"

#include <gtest/gtest.h>

#include "base/result_testing.h"

namespace berth::hub {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;

Hosts Loopback() {
  return Hosts::Create({"http", "localhost", 8787}, "localhost:8787", true).value();
}

TEST(HostsTest, ALoopbackHubHasThreeNamesAndSubdomainsOfLocalhost) {
  const Hosts hosts = Loopback();
  for (const char* own : {"localhost:8787", "127.0.0.1:8787", "[::1]:8787", "LOCALHOST:8787"}) {
    EXPECT_EQ(hosts.Match(own).kind, HostKind::kHub) << own;
  }
  const HostMatch match = hosts.Match("my-box.localhost:8787");
  EXPECT_EQ(match.kind, HostKind::kInstance);
  EXPECT_EQ(match.instance_id, "my-box");
  EXPECT_EQ(hosts.InstanceOrigin("my-box"), "http://my-box.localhost:8787");
}

TEST(HostsTest, EverythingElseIsUnknown) {
  const Hosts hosts = Loopback();
  for (const char* other :
       {"localhost", "localhost:80", "::1:8787", "[::1]x:8787", "[::1:8787", "evil.example:8787",
        "a.b.localhost:8787", ".localhost:8787", "-a.localhost:8787", "127.0.0.1:8788",
        "xlocalhost:8787", "", "[::1", "a_b.localhost:8787", "[127.0.0.1]:8787", "[localhost]:8787",
        "[::1.]:8787"}) {
    EXPECT_EQ(hosts.Match(other).kind, HostKind::kUnknown) << other;
  }
}

TEST(HostsTest, DefaultPortsNeedNotBeWritten) {
  const Hosts hosts = Hosts::Create({"https", "hub.example", 443}, "apps.example", false).value();
  EXPECT_EQ(hosts.Match("hub.example").kind, HostKind::kHub);
  EXPECT_EQ(hosts.Match("hub.example:443").kind, HostKind::kHub);
  EXPECT_EQ(hosts.Match("x.apps.example").instance_id, "x");
  EXPECT_EQ(hosts.InstanceOrigin("x"), "https://x.apps.example");
  EXPECT_EQ(hosts.OriginOf("hub.example:443"), "https://hub.example");
  EXPECT_EQ(hosts.Match("localhost").kind, HostKind::kUnknown);
}

TEST(HostsTest, NoInstanceHasTheHubsOwnAddress) {
  const Origin hub{"https", "hub.example.org", 443};
  const Hosts beside = Hosts::Create(hub, "example.org", false).value();
  EXPECT_THAT(beside.CheckInstanceId("hub"), FailsWith(ErrorKind::kInvalid));
  for (const char* id : {"hub2", "hu", "example", "org", "", "hub."}) {
    EXPECT_THAT(beside.CheckInstanceId(id), IsOk()) << id;
  }
  for (const char* apps : {"", "apps.example.org", "hub.example.org", "example.org:8443"}) {
    EXPECT_THAT(Hosts::Create(hub, apps, false).value().CheckInstanceId("hub"), IsOk()) << apps;
  }
  EXPECT_THAT(Loopback().CheckInstanceId("localhost"), IsOk());
}

TEST(HostsTest, OriginsWithTlsOrOnThisMachineAreTrustworthy) {
  const Hosts with_tls = Hosts::Create({"https", "hub.example", 443}, "", false).value();
  EXPECT_TRUE(with_tls.IsTrustworthy("hub.example"));
  const Hosts plain = Hosts::Create({"http", "hub.example", 8787}, "", true).value();
  for (const char* local : {"localhost:8787", "LOCALHOST.:8787", "127.0.0.1:8787", "[::1]:8787",
                            "localhost", "x.localhost:8787"}) {
    EXPECT_TRUE(plain.IsTrustworthy(local)) << local;
  }
  for (const char* away : {"hub.example:8787", "hub.example", "192.0.2.7:8787", "[2001:db8::1]:80",
                           "localhost.example:8787", "xlocalhost", ""}) {
    EXPECT_FALSE(plain.IsTrustworthy(away)) << away;
  }
}

TEST(HostsTest, NoNamesStandBeforeAnAddress) {
  const Origin hub{"https", "hub.example", 443};
  for (const char* apps : {"[::1]", "[::1]:8443", "apps~example"}) {
    EXPECT_THAT(Hosts::Create(hub, apps, false), FailsWith(ErrorKind::kInvalid)) << apps;
  }
}

TEST(HostsTest, OriginsAreParsedStrictly) {
  EXPECT_EQ(ParseOrigin("https://Hub.Example/")->ToString(), "https://hub.example");
  EXPECT_EQ(ParseOrigin("HTTP://[::1]:8787")->authority(), "[::1]:8787");
  EXPECT_EQ(ParseOrigin("http://[::1]")->ToString(), "http://[::1]");
  EXPECT_EQ(ParseOrigin("http://[::1]")->host, "::1");
  EXPECT_FALSE(ParseOrigin("https://../"));
  for (const char* wrong : {"hub.example", "ftp://x", "https://x/path", "https://u@x",
                            "https://x:0", "https://x:99999", "https://", "https://x:1:2",
                            "https://::1", "https://a b", "https://x\x01", "https://[::1"}) {
    EXPECT_THAT(ParseOrigin(wrong), FailsWith(ErrorKind::kInvalid)) << wrong;
  }
}

}  // namespace
}  // namespace berth::hub
