#include "identity/groups.h"

#include <gmock/gmock.h>

#include "identity/fixture_testing.h"
#include "identity/identity.h"

namespace berth::identity {
namespace {

using ::berth::testing::FailsWith;
using ::berth::testing::IsOk;

struct GroupsTest : testing::IdentityFixture {
  Identity identity{context()};

  void SetUp() override { ASSERT_THAT(executor.Await(identity.Load()), IsOk()); }

  PersonPtr Admit(std::string provider, std::string subject, std::vector<std::string> groups,
                  std::vector<std::string> group_ids) {
    store::UserProfile profile;
    profile.name = subject;
    profile.groups = std::move(groups);
    profile.group_ids = std::move(group_ids);
    return executor
        .Await(identity.Admit(std::move(provider), std::move(subject), std::move(profile)))
        .value();
  }

  Result<std::string> Find(const PersonPtr& sharer, std::string_view group) {
    return FindGroup(identity.people(), *sharer, group);
  }
};

TEST_F(GroupsTest, ANameMeansWhatTheSharerKnowsByIt) {
  const PersonPtr mia = Admit("github", "1", {"acme", "acme/web"}, {"7", "7/web"});
  EXPECT_EQ(Find(mia, "acme").value(), "7");
  EXPECT_EQ(Find(mia, "ACME/Web").value(), "7/web");
  // A team that she is not in.
  EXPECT_EQ(Find(mia, "acme/core").value(), "7/core");
  EXPECT_THAT(Find(mia, "acm"), FailsWith(ErrorKind::kConflict));
  EXPECT_THAT(Find(mia, "web"), FailsWith(ErrorKind::kConflict));
  // Another org has the name by now.
  const PersonPtr tom = Admit("github", "2", {"acme"}, {"8"});
  EXPECT_EQ(Find(mia, "acme").value(), "7");
  EXPECT_EQ(Find(tom, "acme").value(), "8");
}

TEST_F(GroupsTest, WhoeverIsInNoneOfThatNameSharesWithWhatTheOthersAreIn) {
  const PersonPtr chief = identity.people().Find(identity.owner_id());
  EXPECT_THAT(Find(chief, "acme"), FailsWith(ErrorKind::kConflict));
  Admit("github", "1", {"acme"}, {"7"});
  Admit("github", "2", {"other", "acme"}, {"9", "7"});
  EXPECT_EQ(Find(chief, "acme").value(), "7");
  EXPECT_EQ(Find(chief, "other/core").value(), "9/core");
  const PersonPtr tom = Admit("github", "3", {"acme"}, {"8"});
  EXPECT_THAT(Find(chief, "acme"), FailsWith(ErrorKind::kConflict));
  ASSERT_THAT(executor.Await(identity.people().Remove(tom->id)), IsOk());
  EXPECT_EQ(Find(chief, "acme").value(), "7");
}

TEST_F(GroupsTest, GroupsOfOtherProvidersHaveNamesOnly) {
  const PersonPtr kim = Admit("oidc", "k", {"oidc:Acme"}, {});
  EXPECT_EQ(Find(kim, "oidc:Acme").value(), "");
  EXPECT_EQ(Find(kim, "oidc:unknown").value(), "");
  EXPECT_THAT(Find(kim, "Acme"), FailsWith(ErrorKind::kConflict));
}

}  // namespace
}  // namespace berth::identity
