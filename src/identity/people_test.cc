// People over a database that fails for a while, and changes of one of them that meet.
#include "identity/people.h"

#include <gtest/gtest.h>

#include <span>

#include "identity/fixture_testing.h"

namespace berth::identity {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;

std::vector<std::byte> Bytes(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

struct PeopleTest : testing::IdentityFixture {
  int changes = 0;
  People people{*store, clock, [this](auto) { ++changes; }};
  std::int64_t mia = 0;

  void SetUp() override {
    auto admitted = executor.Await(Admit("r1"));
    ASSERT_THAT(admitted, IsOk());
    mia = (*admitted)->id;
  }
  Task<Result<PersonPtr>> Admit(std::string_view credential) {
    store::UserProfile profile;
    profile.name = "mia";
    profile.groups = {{"acme"}};
    profile.sealed_credential = Bytes(credential);
    return people.Admit("github", "1", std::move(profile));
  }
  store::User Stored() { return store::FindUser(*other, mia).value().value(); }
};

TEST_F(PeopleTest, WhoIsBeingRemovedDoesNotComeBackWithWhatWasReadBefore) {
  auto lock = LockDatabase();
  auto reading = people.Reload();
  reading.Start();
  auto removing = people.Remove(mia);
  removing.Start();
  executor.RunUntilIdle();
  EXPECT_THAT(reading.Take(), IsOk());
  EXPECT_THAT(removing.Take(), FailsWith(ErrorKind::kUnavailable));
  EXPECT_TRUE(people.Find(mia)->is_removed);
}

TEST_F(PeopleTest, ARemovalThatTheDiskRefusesHoldsAndIsWrittenLater) {
  auto lock = LockDatabase();
  EXPECT_THAT(executor.Await(people.Remove(mia)), FailsWith(ErrorKind::kUnavailable));
  EXPECT_TRUE(people.is_behind());
  lock.reset();
  ASSERT_THAT(executor.Await(people.Reload()), IsOk());
  EXPECT_TRUE(people.Find(mia)->is_removed);
  ASSERT_THAT(executor.Await(people.SetRole(mia, store::HubRole::kOwner)), IsOk());
  EXPECT_TRUE(people.Find(mia)->is_removed);
  EXPECT_TRUE(people.Find(mia)->groups.empty());
  EXPECT_FALSE(Stored().is_removed);
  ASSERT_THAT(executor.Await(people.Flush()), IsOk());
  EXPECT_TRUE(Stored().is_removed);
  EXPECT_FALSE(people.is_behind());
}

TEST_F(PeopleTest, WhoIsAdmittedAgainIsNotRemovedByWhatWasLeftToWrite) {
  auto lock = LockDatabase();
  EXPECT_THAT(executor.Await(people.Remove(mia)), FailsWith(ErrorKind::kUnavailable));
  EXPECT_THAT(executor.Await(Admit("r2")), FailsWith(ErrorKind::kUnavailable));
  EXPECT_TRUE(people.Find(mia)->is_removed);
  EXPECT_TRUE(people.Find(mia)->sealed_credential.empty());
  lock.reset();
  auto admitting = Admit("r3");
  admitting.Start();
  auto flushing = people.Flush();
  flushing.Start();
  executor.RunUntilIdle();
  EXPECT_THAT(admitting.Take(), IsOk());
  EXPECT_THAT(flushing.Take(), IsOk());
  EXPECT_FALSE(people.is_behind());
  EXPECT_FALSE(people.Find(mia)->is_removed);
  EXPECT_FALSE(Stored().is_removed);
  EXPECT_EQ(Stored().sealed_credential, Bytes("r3"));
}

TEST_F(PeopleTest, AnAdmissionThatIsGivenUpDoesNotKeepARemovalFromBeingWritten) {
  auto lock = LockDatabase();
  EXPECT_THAT(executor.Await(people.Remove(mia)), FailsWith(ErrorKind::kUnavailable));
  {
    auto admitting = Admit("r2");
    admitting.Start();
  }
  lock.reset();
  ASSERT_THAT(executor.Await(people.Flush()), IsOk());
  EXPECT_TRUE(Stored().is_removed);
}

TEST_F(PeopleTest, WhoIsRemovedWhileTheyAreAdmittedStaysSo) {
  auto admitting = Admit("r2");
  admitting.Start();
  auto removing = people.Remove(mia);
  removing.Start();
  executor.RunUntilIdle();
  EXPECT_THAT(admitting.Take(), FailsWith(ErrorKind::kUnauthorized));
  EXPECT_THAT(removing.Take(), IsOk());
  EXPECT_TRUE(people.Find(mia)->is_removed);
  EXPECT_TRUE(Stored().is_removed);
  EXPECT_TRUE(Stored().sealed_credential.empty());
}

TEST_F(PeopleTest, ACredentialThatTheDiskRefusesIsUsedAndWrittenLater) {
  auto lock = LockDatabase();
  EXPECT_THAT(executor.Await(Admit("r2")), FailsWith(ErrorKind::kUnavailable));
  EXPECT_EQ(people.Find(mia)->sealed_credential, Bytes("r2"));
  EXPECT_THAT(executor.Await(people.SetCredential(mia, Bytes("r3"))),
              FailsWith(ErrorKind::kUnavailable));
  lock.reset();
  ASSERT_THAT(executor.Await(people.Reload()), IsOk());
  EXPECT_EQ(people.Find(mia)->sealed_credential, Bytes("r3"));
  ASSERT_THAT(executor.Await(people.Flush()), IsOk());
  EXPECT_EQ(Stored().sealed_credential, Bytes("r3"));
  EXPECT_FALSE(people.is_behind());
}

TEST_F(PeopleTest, NoCredentialOfSomebodyRemovedIsKept) {
  auto lock = LockDatabase();
  EXPECT_THAT(executor.Await(people.SetCredential(mia, Bytes("r2"))),
              FailsWith(ErrorKind::kUnavailable));
  EXPECT_THAT(executor.Await(people.Remove(mia)), FailsWith(ErrorKind::kUnavailable));
  EXPECT_THAT(executor.Await(people.SetCredential(mia, Bytes("r3"))),
              FailsWith(ErrorKind::kNotFound));
  lock.reset();
  ASSERT_THAT(executor.Await(people.Flush()), IsOk());
  EXPECT_TRUE(Stored().is_removed);
  EXPECT_TRUE(Stored().sealed_credential.empty());
}

}  // namespace
}  // namespace berth::identity
