#include "agent/instance_owner.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/fsuid.h>
#include <sys/socket.h>

#include "base/result_testing.h"

namespace berth::agent {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;

constexpr uid_t kAnother = 12346;

TEST(OwnerRuleTest, AdmitsRootAndTheAgentsOwnUserUnlessAnotherIsNamed) {
  const OwnerRule own{.own = 1000};
  EXPECT_TRUE(own.Admits(1000));
  EXPECT_TRUE(own.Admits(0));
  EXPECT_FALSE(own.Admits(1001));

  const OwnerRule named{.instance_user = 1001, .own = 1000};
  EXPECT_TRUE(named.Admits(1001));
  EXPECT_TRUE(named.Admits(0));
  EXPECT_FALSE(named.Admits(1000));
}

TEST(OwnerRuleTest, AnAgentOfRootsAdmitsEverybodyUnlessAUserIsNamed) {
  EXPECT_TRUE((OwnerRule{.own = 0}.Admits(1000)));
  const OwnerRule named{.instance_user = 1001, .own = 0};
  EXPECT_TRUE(named.Admits(1001));
  EXPECT_FALSE(named.Admits(1000));
}

TEST(InstanceOwnerTest, RefusesAnotherUserAndNamesTheOption) {
  if (geteuid() == 0) setfsuid(kAnother);  // Root is always admitted.
  const uid_t owner = geteuid() == 0 ? kAnother : geteuid();
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const int connection = socket(AF_INET, SOCK_STREAM, 0);
  setfsuid(geteuid());
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(listen(listener, 1), 0);
  ASSERT_EQ(getsockname(listener, generic, &size), 0);
  ASSERT_EQ(connect(connection, generic, size), 0);

  EXPECT_THAT(CheckInstanceOwner(connection, {.own = owner}, "x"), IsOk());
  const auto refused = CheckInstanceOwner(connection, {.own = owner + 1}, "127.0.0.1:3001");
  ASSERT_THAT(refused, FailsWith(ErrorKind::kForbidden));
  EXPECT_EQ(refused.error().message,
            fmt::format("another user (uid {0}) listens at 127.0.0.1:3001; if the instance is "
                        "theirs, say --instance-user {0}",
                        owner));
  close(connection);
  close(listener);
}

}  // namespace
}  // namespace berth::agent
