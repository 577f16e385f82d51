#include "identity/access.h"

#include <gmock/gmock.h>

#include "identity/fixture_testing.h"
#include "identity/identity.h"
#include "store/instances.h"

namespace berth::identity {
namespace {

using ::berth::testing::FailsWith;
using ::berth::testing::IsOk;
using store::ShareKind;
using store::ShareRole;

struct CountingObserver : AccessObserver {
  int changes = 0;
  AccessChange last;
  void OnAccessChanged(const AccessChange& change) override {
    ++changes;
    last = change;
  }
};

struct AccessTest : testing::IdentityFixture {
  Identity identity{context()};
  const std::int64_t anna = MakeUser("github", "1", "anna");
  const std::int64_t ben = MakeUser("github", "2", "ben");

  void SetUp() override {
    ASSERT_THAT(store::ClaimInstance(*other, "laptop", anna, "{}", time), IsOk());
    ASSERT_THAT(store::ClaimInstance(*other, "tower", anna, "{}", time), IsOk());
    ASSERT_THAT(executor.Await(identity.Load()), IsOk());
  }

  std::int64_t MakeUser(std::string_view provider, std::string_view subject,
                        std::string_view name) {
    return store::EnsureUser(*other, provider, subject, name, time).value().id;
  }

  void SetGroups(std::int64_t user, std::string provider, std::string subject,
                 std::vector<std::string> groups, std::vector<std::string> group_ids = {}) {
    store::UserProfile profile;
    profile.name = identity.people().Find(user)->name;
    profile.groups = std::move(groups);
    profile.group_ids = std::move(group_ids);
    ASSERT_THAT(
        executor.Await(identity.Admit(std::move(provider), std::move(subject), std::move(profile))),
        IsOk());
  }

  Result<store::ShareRow> Put(ShareKind kind, std::string subject, ShareRole role,
                              std::optional<WallTime> expires_at = std::nullopt,
                              std::string instance = "laptop", std::string group_id = "") {
    store::ShareRow share{.instance_id = std::move(instance),
                          .kind = kind,
                          .subject = std::move(subject),
                          .group_id = std::move(group_id),
                          .role = role,
                          .created_by = anna,
                          .expires_at = expires_at};
    return executor.Await(identity.shares().Put(std::move(share)));
  }

  std::optional<InstanceRole> Role(std::int64_t user, std::string_view instance = "laptop") {
    return RoleOf(identity.shares(), *identity.people().Find(user), anna, instance);
  }
  bool IsTold(std::int64_t user) {
    return IsToldOf(identity.shares(), *identity.people().Find(user), anna, "laptop");
  }
};

TEST_F(AccessTest, WithoutAShareOnlyTheOwnerHasARole) {
  EXPECT_EQ(Role(anna), InstanceRole::kOwner);
  EXPECT_EQ(Role(ben), std::nullopt);
}

TEST_F(AccessTest, OwningTheHubGivesNoAccessToInstances) {
  ASSERT_EQ(identity.people().Find(owner)->role, store::HubRole::kOwner);
  EXPECT_EQ(Role(owner), std::nullopt);
}

TEST_F(AccessTest, EachKindOfShareGivesItsRoleToWhomItIsForUntilItsTime) {
  SetGroups(ben, "github", "2", {"acme", "acme/platform"});
  const std::string ben_id = std::to_string(ben);
  struct Row {
    ShareKind kind;
    std::string subject;
    bool is_for_ben;
  };
  const Row rows[] = {
      {ShareKind::kUser, ben_id, true},           {ShareKind::kUser, std::to_string(anna), false},
      {ShareKind::kUser, "0" + ben_id, false},    {ShareKind::kUser, "ben", false},
      {ShareKind::kGroup, "acme", true},          {ShareKind::kGroup, "acme/platform", true},
      {ShareKind::kGroup, "Acme/Platform", true}, {ShareKind::kGroup, "acme/platfor", false},
      {ShareKind::kGroup, "platform", false},     {ShareKind::kGroup, "", false},
      {ShareKind::kEveryone, "", true},
  };
  for (const Row& row : rows) {
    for (const ShareRole role : {ShareRole::kOperator, ShareRole::kViewer}) {
      SCOPED_TRACE(fmt::format("{} \"{}\" {}", ToString(row.kind), row.subject, ToString(role)));
      const auto share = Put(row.kind, row.subject, role, time + std::chrono::hours(1)).value();
      const auto granted =
          role == ShareRole::kOperator ? InstanceRole::kOperator : InstanceRole::kViewer;
      EXPECT_EQ(Role(ben), row.is_for_ben ? std::optional(granted) : std::nullopt);
      EXPECT_EQ(Role(ben, "tower"), std::nullopt);
      EXPECT_EQ(Role(anna), InstanceRole::kOwner);
      EXPECT_EQ(IsTold(ben),
                row.is_for_ben && row.kind != ShareKind::kEveryone && role == ShareRole::kOperator);
      EXPECT_TRUE(IsTold(anna));
      time += std::chrono::hours(1);
      EXPECT_EQ(Role(ben), std::nullopt);
      EXPECT_FALSE(IsTold(ben));
      EXPECT_FALSE(identity.shares().IsShared("laptop"));
      ASSERT_THAT(executor.Await(identity.shares().Remove("laptop", share.id)), IsOk());
    }
  }
}

TEST_F(AccessTest, AShareWithEverybodyAddsNothingToWhatAViewerIsTold) {
  ASSERT_THAT(Put(ShareKind::kEveryone, "", ShareRole::kOperator), IsOk());
  ASSERT_THAT(Put(ShareKind::kUser, std::to_string(ben), ShareRole::kViewer), IsOk());
  EXPECT_EQ(Role(ben), InstanceRole::kOperator);
  EXPECT_FALSE(IsTold(ben));
}

TEST_F(AccessTest, GroupsOfOtherProvidersKeepTheirCase) {
  const auto kim = MakeUser("oidc", "k", "kim");
  ASSERT_THAT(executor.Await(identity.ReloadIfChanged()), IsOk());
  SetGroups(kim, "oidc", "k", {"Admins"});
  ASSERT_THAT(Put(ShareKind::kGroup, "admins", ShareRole::kViewer), IsOk());
  EXPECT_EQ(Role(kim), std::nullopt);
  ASSERT_THAT(Put(ShareKind::kGroup, "Admins", ShareRole::kViewer), IsOk());
  EXPECT_EQ(Role(kim), InstanceRole::kViewer);
}

TEST_F(AccessTest, AShareWithAGroupWithoutANameIsForNobody) {
  store::User user;
  user.groups = {""};
  EXPECT_FALSE(IsFor({.kind = store::ShareKind::kGroup, .subject = ""}, user));
}

TEST_F(AccessTest, AShareWithANumberedGroupStaysItsWhoeverHasTheName) {
  ASSERT_THAT(
      Put(ShareKind::kGroup, "acme/web", ShareRole::kViewer, std::nullopt, "laptop", "7/web"),
      IsOk());
  SetGroups(ben, "github", "2", {"acme", "acme/web"}, {"7", "7/web"});
  EXPECT_EQ(Role(ben), InstanceRole::kViewer);
  SetGroups(ben, "github", "2", {"acme-inc", "acme-inc/web"}, {"7", "7/web"});
  EXPECT_EQ(Role(ben), InstanceRole::kViewer);
  const std::vector<std::string> of_others[] = {{"8", "8/web"}, {"7", "7/core"}, {}};
  for (const auto& group_ids : of_others) {
    SetGroups(ben, "github", "2", {"acme", "acme/web"}, group_ids);
    EXPECT_EQ(Role(ben), std::nullopt);
  }
}

TEST_F(AccessTest, AShareWithANameIsForTheFirstOrgThatIsSeenUnderIt) {
  ASSERT_THAT(Put(ShareKind::kGroup, "Acme", ShareRole::kViewer), IsOk());
  ASSERT_THAT(Put(ShareKind::kGroup, "acme/Web", ShareRole::kOperator), IsOk());
  ASSERT_THAT(Put(ShareKind::kGroup, "later", ShareRole::kOperator), IsOk());
  SetGroups(ben, "github", "2", {"acme", "acme/web"}, {"7", "7/web"});
  EXPECT_EQ(Role(ben), InstanceRole::kOperator);
  SetGroups(ben, "github", "2", {"acme", "acme/web"}, {"8", "8/web"});
  EXPECT_EQ(Role(ben), std::nullopt);
  Identity restarted(context());
  ASSERT_THAT(executor.Await(restarted.Load()), IsOk());
  std::vector<std::string> group_ids;
  for (const auto& share : restarted.shares().Of("laptop")) group_ids.push_back(share.group_id);
  EXPECT_THAT(group_ids, ::testing::ElementsAre("7", "7/web", ""));
}

TEST_F(AccessTest, ANameCountsUntilTheNumbersOfAllAreKnown) {
  const auto kim = MakeUser("github", "3", "kim");
  ASSERT_THAT(executor.Await(identity.ReloadIfChanged()), IsOk());
  ASSERT_THAT(Put(ShareKind::kGroup, "acme", ShareRole::kViewer), IsOk());
  SetGroups(ben, "github", "2", {"acme"});
  SetGroups(kim, "github", "3", {"acme"});
  SetGroups(ben, "github", "2", {"acme"}, {"7"});
  EXPECT_EQ(Role(kim), InstanceRole::kViewer) << "not looked at yet since numbers are kept";
  SetGroups(kim, "github", "3", {"acme"}, {"7"});
  EXPECT_EQ(identity.shares().Of("laptop")[0].group_id, "7");
  EXPECT_EQ(Role(kim), InstanceRole::kViewer);
}

TEST_F(AccessTest, WhileTheDatabaseIsLockedNamesStayNames) {
  ASSERT_THAT(Put(ShareKind::kGroup, "acme", ShareRole::kViewer), IsOk());
  SetGroups(ben, "github", "2", {"acme"});
  store::User shown = *identity.people().Find(ben);
  shown.group_ids = {"7"};
  const auto person = std::make_shared<const store::User>(shown);
  auto lock = LockDatabase();
  EXPECT_THAT(executor.Await(identity.shares().BindGroups(person)),
              FailsWith(ErrorKind::kUnavailable));
  EXPECT_EQ(Role(ben), InstanceRole::kViewer);
  lock.reset();
  ASSERT_THAT(executor.Await(identity.shares().BindGroups(person)), IsOk());
  EXPECT_EQ(identity.shares().Of("laptop")[0].group_id, "7");
}

TEST_F(AccessTest, TheHighestOfSeveralRolesCounts) {
  ASSERT_THAT(Put(ShareKind::kEveryone, "", ShareRole::kViewer), IsOk());
  EXPECT_EQ(Role(ben), InstanceRole::kViewer);
  const auto share =
      Put(ShareKind::kUser, std::to_string(ben), ShareRole::kOperator, time + std::chrono::hours(1))
          .value();
  EXPECT_EQ(Role(ben), InstanceRole::kOperator);
  time = *share.expires_at;
  EXPECT_EQ(Role(ben), InstanceRole::kViewer);
}

TEST_F(AccessTest, OnlyForTheirOwnSharesTheClockIsRead) {
  ASSERT_THAT(Put(ShareKind::kUser, std::to_string(ben), ShareRole::kViewer), IsOk());
  for (int i = 1; i < 10; ++i) {
    ASSERT_THAT(Put(ShareKind::kUser, std::to_string(1000 + i), ShareRole::kViewer), IsOk());
  }
  int reads = 0;
  const WallClock counting = [&] { return ++reads, time; };
  Identity restarted({executor, *store, sealer, limits, counting, random});
  ASSERT_THAT(executor.Await(restarted.Load()), IsOk());
  reads = 0;
  EXPECT_EQ(RoleOf(restarted.shares(), *restarted.people().Find(ben), anna, "laptop"),
            InstanceRole::kViewer);
  EXPECT_EQ(reads, 1);
}

TEST_F(AccessTest, SomebodyRemovedHasNoAccessToAnything) {
  ASSERT_THAT(Put(ShareKind::kEveryone, "", ShareRole::kOperator), IsOk());
  ASSERT_THAT(executor.Await(identity.people().Remove(ben)), IsOk());
  EXPECT_EQ(Role(ben), std::nullopt);
  ASSERT_THAT(executor.Await(identity.people().Remove(anna)), IsOk());
  EXPECT_EQ(Role(anna), std::nullopt);
}

TEST_F(AccessTest, ObserversHearOfWhatGivesOrTakesAccessAndOfNothingElse) {
  CountingObserver observer;
  identity.Subscribe(observer);
  const auto share = Put(ShareKind::kEveryone, "", ShareRole::kViewer).value();
  EXPECT_EQ(observer.changes, 1);
  SetGroups(ben, "github", "2", {"acme"});
  EXPECT_EQ(observer.changes, 2);
  SetGroups(ben, "github", "2", {"acme"});
  EXPECT_EQ(observer.changes, 2);
  ASSERT_THAT(executor.Await(identity.shares().Remove("laptop", share.id)), IsOk());
  EXPECT_EQ(observer.changes, 3);
  identity.Unsubscribe(observer);
  ASSERT_THAT(executor.Await(identity.people().Remove(ben)), IsOk());
  EXPECT_EQ(observer.changes, 3);
}

TEST_F(AccessTest, AChangeSaysWhoseAccessAndToWhat) {
  CountingObserver observer;
  identity.Subscribe(observer);
  const auto said = [&](std::optional<std::int64_t> user_id, std::vector<std::string> instances) {
    EXPECT_EQ(observer.last.user_id, user_id);
    EXPECT_THAT(observer.last.instance_ids, ::testing::UnorderedElementsAreArray(instances));
  };
  const auto soon = time + std::chrono::seconds(1);
  const auto share = Put(ShareKind::kEveryone, "", ShareRole::kViewer).value();
  said(std::nullopt, {"laptop"});
  ASSERT_THAT(executor.Await(identity.shares().Remove("laptop", share.id)), IsOk());
  said(std::nullopt, {"laptop"});
  for (const char* id : {"laptop", "tower"}) {
    ASSERT_THAT(Put(ShareKind::kEveryone, "", ShareRole::kViewer, soon, id), IsOk());
  }
  said(std::nullopt, {"tower"});
  time = soon;
  identity.shares().EndExpired();
  said(std::nullopt, {"laptop", "tower"});
  ASSERT_THAT(Put(ShareKind::kEveryone, "", ShareRole::kViewer), IsOk());
  ASSERT_THAT(executor.Await(identity.shares().RemoveAllOf("laptop")), IsOk());
  said(std::nullopt, {"laptop"});
  SetGroups(ben, "github", "2", {"acme"});
  said(ben, {});
  ASSERT_THAT(executor.Await(identity.people().SetRole(anna, store::HubRole::kOwner)), IsOk());
  said(anna, {});
  ASSERT_THAT(executor.Await(identity.people().Remove(ben)), IsOk());
  said(ben, {});
  ASSERT_THAT(executor.Await(identity.people().Reload()), IsOk());
  said(std::nullopt, {});
  ASSERT_THAT(executor.Await(identity.shares().Reload()), IsOk());
  said(std::nullopt, {});
  identity.Unsubscribe(observer);
}

TEST_F(AccessTest, MaintenanceEndsExpiredSharesWithinASecondAndForgetsThem) {
  ASSERT_THAT(Put(ShareKind::kEveryone, "", ShareRole::kViewer, time + std::chrono::seconds(10)),
              IsOk());
  CountingObserver observer;
  identity.Subscribe(observer);
  Job maintenance(executor, "maintenance", identity.Maintain());
  Pass(std::chrono::milliseconds(9'500));
  EXPECT_EQ(observer.changes, 0);
  Pass(std::chrono::milliseconds(500));
  Pass(std::chrono::milliseconds(500));
  EXPECT_EQ(observer.changes, 1);
  EXPECT_TRUE(identity.shares().Of("laptop").empty());
  ASSERT_THAT(executor.Await(identity.Flush()), IsOk());
  EXPECT_TRUE(store::ListShares(*other).value().empty());
}

TEST_F(AccessTest, SharesComeBackAfterARestart) {
  ASSERT_THAT(Put(ShareKind::kUser, std::to_string(ben), ShareRole::kOperator), IsOk());
  Identity restarted(context());
  ASSERT_THAT(executor.Await(restarted.Load()), IsOk());
  EXPECT_EQ(RoleOf(restarted.shares(), *restarted.people().Find(ben), anna, "laptop"),
            InstanceRole::kOperator);
}

TEST_F(AccessTest, AShareOfAnUnknownInstanceIsRefused) {
  EXPECT_THAT(Put(ShareKind::kEveryone, "", ShareRole::kViewer, std::nullopt, "none"),
              FailsWith(ErrorKind::kConflict));
  EXPECT_TRUE(identity.shares().Of("none").empty());
}

TEST_F(AccessTest, ARemovedShareStaysRemovedWhenTheDiskFails) {
  const auto share = Put(ShareKind::kEveryone, "", ShareRole::kViewer).value();
  auto lock = LockDatabase();
  EXPECT_THAT(executor.Await(identity.shares().Remove("laptop", share.id)),
              FailsWith(ErrorKind::kUnavailable));
  EXPECT_EQ(Role(ben), std::nullopt);
  lock.reset();
  ASSERT_THAT(executor.Await(identity.shares().Reload()), IsOk());
  EXPECT_EQ(Role(ben), std::nullopt);
  ASSERT_THAT(executor.Await(identity.Flush()), IsOk());
  EXPECT_TRUE(store::ListShares(*other).value().empty());
}

TEST_F(AccessTest, AShareThatIsTakenBackWhileItIsChangedStaysSo) {
  auto share = Put(ShareKind::kEveryone, "", ShareRole::kViewer).value();
  const std::int64_t id = share.id;
  share.role = ShareRole::kOperator;
  auto changing = identity.shares().Put(share);
  changing.Start();
  auto removing = identity.shares().Remove("laptop", id);
  removing.Start();
  executor.RunUntilIdle();
  EXPECT_THAT(changing.Take(), FailsWith(ErrorKind::kConflict));
  EXPECT_THAT(removing.Take(), IsOk());
  EXPECT_EQ(Role(ben), std::nullopt);
  EXPECT_TRUE(store::ListShares(*other).value().empty());
  EXPECT_THAT(Put(ShareKind::kEveryone, "", ShareRole::kViewer), IsOk());
  EXPECT_EQ(Role(ben), InstanceRole::kViewer);
}

TEST_F(AccessTest, AShareThatIsGivenAgainOutlivesTheEndOfItsFirstTerm) {
  const auto first =
      Put(ShareKind::kGroup, "acme", ShareRole::kViewer, time + std::chrono::seconds(1)).value();
  const auto other_share = Put(ShareKind::kEveryone, "", ShareRole::kViewer).value();
  time = *first.expires_at;
  identity.shares().EndExpired();
  store::ShareRow again = first;
  again.expires_at.reset();
  auto giving = identity.shares().Put(again);
  giving.Start();
  auto removing = identity.shares().Remove("laptop", other_share.id);
  removing.Start();
  executor.RunUntilIdle();
  ASSERT_THAT(giving.Take(), IsOk());
  ASSERT_THAT(removing.Take(), IsOk());
  ASSERT_THAT(executor.Await(identity.shares().Reload()), IsOk());
  ASSERT_EQ(identity.shares().Of("laptop").size(), 1U);
  EXPECT_EQ(identity.shares().Of("laptop")[0].subject, "acme");
}

TEST_F(AccessTest, TheSharesOfADeletedInstanceAreForgotten) {
  ASSERT_THAT(Put(ShareKind::kEveryone, "", ShareRole::kViewer), IsOk());
  identity.shares().Forget("laptop");
  EXPECT_EQ(Role(ben), std::nullopt);
  identity.shares().Forget("laptop");
}

TEST_F(AccessTest, WhoeverHadAnIdBeforeCannotShareItForItsNewOwner) {
  ASSERT_TRUE(store::DeleteInstance(*other, "laptop").value());
  EXPECT_THAT(Put(ShareKind::kEveryone, "", ShareRole::kOperator), FailsWith(ErrorKind::kConflict));
  ASSERT_THAT(store::ReleaseId(*other, "laptop"), IsOk());
  ASSERT_THAT(store::ClaimInstance(*other, "laptop", ben, "{}", time), IsOk());
  EXPECT_THAT(Put(ShareKind::kEveryone, "", ShareRole::kOperator), FailsWith(ErrorKind::kConflict));
  EXPECT_TRUE(identity.shares().Of("laptop").empty());
  EXPECT_TRUE(store::ListShares(*other).value().empty());
}

TEST_F(AccessTest, AnInstanceTakesABoundedNumberOfShares) {
  for (int i = 0; i < 256; ++i) {
    ASSERT_THAT(Put(ShareKind::kGroup, fmt::format("g{}", i), ShareRole::kViewer), IsOk());
  }
  EXPECT_THAT(Put(ShareKind::kGroup, "more", ShareRole::kViewer), FailsWith(ErrorKind::kTooLarge));
  EXPECT_THAT(Put(ShareKind::kGroup, "g0", ShareRole::kOperator), IsOk());
}

TEST_F(AccessTest, AllSharesOfAnInstanceEndInOneChange) {
  for (int i = 0; i < 256; ++i) {
    ASSERT_THAT(Put(ShareKind::kGroup, fmt::format("g{}", i), ShareRole::kViewer), IsOk());
  }
  const auto kept =
      Put(ShareKind::kEveryone, "", ShareRole::kViewer, std::nullopt, "tower").value();
  CountingObserver observer;
  identity.Subscribe(observer);
  auto lock = LockDatabase();
  EXPECT_THAT(executor.Await(identity.shares().RemoveAllOf("laptop")),
              FailsWith(ErrorKind::kUnavailable));
  EXPECT_TRUE(identity.shares().Of("laptop").empty());
  lock.reset();
  EXPECT_THAT(executor.Await(identity.shares().RemoveAllOf("laptop")), IsOk());
  EXPECT_EQ(observer.changes, 1);
  identity.Unsubscribe(observer);
  const auto rows = store::ListShares(*other).value();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].id, kept.id);
}

TEST_F(AccessTest, LocalPeopleAreMembersAndTheOwnerStaysOne) {
  const auto carol = EnsureLocalUser(*other, "carol", time).value().user;
  EXPECT_EQ(carol.role, store::HubRole::kMember);
  EXPECT_EQ(EnsureLocalUser(*other, "carol", time).value().user.id, carol.id);
  EXPECT_EQ(EnsureLocalUser(*other, "owner", time).value().user.id, owner);
  EXPECT_EQ(EnsureLocalUser(*other, "owner", time).value().user.role, store::HubRole::kOwner);
  ASSERT_THAT(store::SetUserRemoved(*other, carol.id, true), IsOk());
  EXPECT_FALSE(EnsureLocalUser(*other, "carol", time).value().user.is_removed);
  EXPECT_FALSE(store::FindUser(*other, carol.id).value()->is_removed);
  for (const char* name : {"", "a b", "<b>", "../x"}) {
    EXPECT_THAT(EnsureLocalUser(*other, name, time), FailsWith(ErrorKind::kInvalid)) << name;
  }
  EXPECT_THAT(EnsureLocalUser(*other, std::string(65, 'a'), time), FailsWith(ErrorKind::kInvalid));
}

TEST_F(AccessTest, WhatBecameOfALocalUserIsToldInWords) {
  const auto told = [&](std::string_view name) {
    return EnsureLocalUser(*other, name, time).value().for_whom;
  };
  EXPECT_EQ(told("owner"), "for owner");
  EXPECT_EQ(told("carol"), "for carol, made a member");
  EXPECT_EQ(told("carol"), "for carol");
  const auto id = store::FindUser(*other, "local", "carol").value()->id;
  ASSERT_THAT(store::SetUserRemoved(*other, id, true), IsOk());
  EXPECT_EQ(told("carol"), "for carol, admitted again");
}

}  // namespace
}  // namespace berth::identity
