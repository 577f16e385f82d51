// Sessions: who is let in, for how long, and how it ends, also when the disk does not play along.
#include "identity/sessions.h"

#include <gmock/gmock.h>

#include "identity/fixture_testing.h"
#include "store/notify_targets.h"
#include "store/users.h"

namespace berth::identity {
namespace {

using ::berth::testing::FailsWith;
using ::berth::testing::IsOk;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

struct SessionsTest : testing::IdentityFixture {
  std::unique_ptr<Sessions> sessions = Make();

  std::unique_ptr<Sessions> Make() {
    auto made = std::make_unique<Sessions>(executor, *store, limits, clock, random);
    EXPECT_THAT(executor.Await(made->Reload()), IsOk());
    return made;
  }
  CreatedSession SignIn() {
    auto created = executor.Await(sessions->Create(
        {.user_id = owner, .address = "192.0.2.1", .user_agent = std::string(1000, 'u')}));
    EXPECT_THAT(created, IsOk());
    return *std::move(created);
  }
  CreatedSession Open(const SessionPtr& parent, std::string instance) {
    auto created = executor.Await(sessions->CreateChild(parent, std::move(instance)));
    EXPECT_THAT(created, IsOk());
    return *std::move(created);
  }
};

TEST_F(SessionsTest, LetsInWhoeverHoldsTheCookie) {
  const auto mine = SignIn();
  const auto found = sessions->Authenticate(mine.cookie.Reveal());
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found, mine.session);
  EXPECT_EQ(found->user_id, owner);
  EXPECT_EQ(found->user_agent.size(), 256U);
}

TEST_F(SessionsTest, RefusesEveryOtherCookie) {
  const auto mine = SignIn();
  const auto other = SignIn();
  std::string mixed = mine.session->id + std::string(other.cookie.Reveal().substr(16));
  EXPECT_EQ(sessions->Authenticate(mixed), nullptr);
  EXPECT_EQ(sessions->Authenticate(""), nullptr);
  EXPECT_EQ(sessions->Authenticate(mine.session->id), nullptr);
}

TEST_F(SessionsTest, EachSignInHasANewIdAndMarksTheUser) {
  EXPECT_FALSE(store::HasAnybodySignedIn(*other).value());
  EXPECT_NE(SignIn().session->id, SignIn().session->id);
  EXPECT_TRUE(store::HasAnybodySignedIn(*other).value());
}

TEST_F(SessionsTest, SurviveARestart) {
  const auto mine = SignIn();
  const auto child = Open(mine.session, "laptop");
  sessions = Make();
  EXPECT_NE(sessions->Authenticate(mine.cookie.Reveal()), nullptr);
  EXPECT_NE(sessions->AuthenticateChild(child.cookie.Reveal(), "laptop"), nullptr);
}

TEST_F(SessionsTest, EndWithoutUseAndLiveOnWithIt) {
  const auto idle = SignIn();
  const auto used = SignIn();
  for (int i = 0; i < 3; ++i) {
    Pass(hours(11));
    EXPECT_NE(sessions->Authenticate(used.cookie.Reveal()), nullptr);
    sessions->EndExpired();
  }
  EXPECT_TRUE(idle.session->ended.is_set());
  EXPECT_FALSE(used.session->ended.is_set());
  EXPECT_EQ(sessions->Authenticate(idle.cookie.Reveal()), nullptr);
}

TEST_F(SessionsTest, WhoWasToldOfEventsIsNoLongerWhenSomebodyEndsTheSession) {
  const auto ended = SignIn();
  const auto expired = SignIn();
  for (const auto* session : {&ended.session->id, &expired.session->id}) {
    store::NotifyTargetRow target{.id = *session, .user_id = ended.session->user_id};
    target.session_id = *session;
    ASSERT_THAT(store::InsertNotifyTarget(*other, target), IsOk());
  }
  ASSERT_THAT(executor.Await(sessions->Revoke(ended.session->id)), IsOk());
  EXPECT_EQ(store::FindNotifyTarget(*other, ended.session->id).value(), std::nullopt);
  Pass(hours(12));
  sessions->EndExpired();
  ASSERT_THAT(executor.Await(sessions->Flush()), IsOk());
  const auto left = store::FindNotifyTarget(*other, expired.session->id).value();
  ASSERT_TRUE(left);
  EXPECT_EQ(left->session_id, std::nullopt);
}

TEST_F(SessionsTest, WhatIsSentOnASocketKeepsAChildAndItsParent) {
  const auto mine = SignIn();
  const auto child = Open(mine.session, "laptop");
  for (int i = 0; i < 3; ++i) {
    Pass(hours(11));
    child.session->was_used = true;
    ASSERT_THAT(executor.Await(sessions->Flush()), IsOk());
    sessions->EndExpired();
  }
  EXPECT_FALSE(child.session->ended.is_set());
  EXPECT_FALSE(mine.session->ended.is_set());
  Pass(hours(12));
  sessions->EndExpired();
  EXPECT_TRUE(child.session->ended.is_set());
  EXPECT_TRUE(mine.session->ended.is_set());
}

TEST_F(SessionsTest, EndAfterSevenDaysHoweverMuchTheyAreUsed) {
  const auto mine = SignIn();
  for (Duration passed{}; passed < hours(24 * 7 - 6); passed += hours(6)) {
    Pass(hours(6));
    mine.session->was_used = true;
    sessions->EndExpired();
    ASSERT_FALSE(mine.session->ended.is_set());
  }
  Pass(hours(6));
  sessions->EndExpired();
  EXPECT_TRUE(mine.session->ended.is_set());
}

TEST_F(SessionsTest, AnExpiredOneIsRefusedEvenBeforeItIsSwept) {
  const auto mine = SignIn();
  Pass(hours(12));
  EXPECT_EQ(sessions->Authenticate(mine.cookie.Reveal()), nullptr);
  EXPECT_TRUE(mine.session->ended.is_set());
}

TEST_F(SessionsTest, TheTimeOfTheLastUseIsWrittenBack) {
  const auto mine = SignIn();
  Pass(hours(10));
  mine.session->was_used = true;
  ASSERT_THAT(executor.Await(sessions->Flush()), IsOk());
  sessions = Make();
  Pass(hours(10));
  EXPECT_NE(sessions->Authenticate(mine.cookie.Reveal()), nullptr);
}

TEST_F(SessionsTest, RevokingCutsTheSessionAndItsChildrenForGood) {
  const auto mine = SignIn();
  const auto child = Open(mine.session, "laptop");
  const auto other_session = SignIn();
  EXPECT_THAT(executor.Await(sessions->Revoke(mine.session->id)), IsOk());
  EXPECT_TRUE(mine.session->ended.is_set());
  EXPECT_TRUE(child.session->ended.is_set());
  EXPECT_EQ(sessions->Authenticate(mine.cookie.Reveal()), nullptr);
  sessions = Make();
  EXPECT_EQ(sessions->Authenticate(mine.cookie.Reveal()), nullptr);
  EXPECT_EQ(sessions->AuthenticateChild(child.cookie.Reveal(), "laptop"), nullptr);
  EXPECT_NE(sessions->Authenticate(other_session.cookie.Reveal()), nullptr);
}

TEST_F(SessionsTest, SomebodyWaitingForTheEndIsWoken) {
  const auto mine = SignIn();
  auto waiting = WithCancel(mine.session->ended, [](Executor& e) -> Task<Result<void>> {
    co_await Sleep(e, hours(1));
    co_return Ok();
  }(executor));
  waiting.Start();
  EXPECT_THAT(executor.Await(sessions->Revoke(mine.session->id)), IsOk());
  ASSERT_TRUE(waiting.is_done());
  EXPECT_THAT(waiting.Take(), FailsWith(ErrorKind::kCancelled));
}

TEST_F(SessionsTest, AChildOpensItsInstanceAndNothingElse) {
  const auto mine = SignIn();
  const auto child = Open(mine.session, "laptop");
  EXPECT_EQ(sessions->AuthenticateChild(child.cookie.Reveal(), "laptop"), child.session);
  EXPECT_EQ(sessions->AuthenticateChild(child.cookie.Reveal(), "server"), nullptr);
  EXPECT_EQ(sessions->Authenticate(child.cookie.Reveal()), nullptr);
  EXPECT_EQ(sessions->AuthenticateChild(mine.cookie.Reveal(), "laptop"), nullptr);
  EXPECT_EQ(sessions->AuthenticateChild(mine.cookie.Reveal(), ""), nullptr);
  EXPECT_EQ(sessions->List(owner).size(), 1U);
}

TEST_F(SessionsTest, UsingAChildKeepsItsParentAndNeverOutlivesIt) {
  const auto mine = SignIn();
  Pass(hours(11));
  const auto child = Open(mine.session, "laptop");
  EXPECT_EQ(child.session->expires_at, mine.session->expires_at);
  ASSERT_NE(sessions->AuthenticateChild(child.cookie.Reveal(), "laptop"), nullptr);
  Pass(hours(11));
  sessions->EndExpired();
  EXPECT_FALSE(mine.session->ended.is_set());
}

TEST_F(SessionsTest, NoChildOfASessionThatEnded) {
  const auto mine = SignIn();
  ASSERT_THAT(executor.Await(sessions->Revoke(mine.session->id)), IsOk());
  EXPECT_THAT(executor.Await(sessions->CreateChild(mine.session, "laptop")),
              FailsWith(ErrorKind::kUnauthorized));
}

TEST_F(SessionsTest, TheNumberOfChildrenAndOfSessionsIsBounded) {
  const auto mine = SignIn();
  const auto first = Open(mine.session, "laptop");
  for (int i = 0; i < 8; ++i) {
    Pass(seconds(1));
    Open(mine.session, "laptop");
  }
  EXPECT_TRUE(first.session->ended.is_set());
  EXPECT_EQ(sessions->size(), 1U + 8U);
  for (int i = 0; i < 100; ++i) {
    Pass(seconds(1));
    SignIn();
  }
  EXPECT_TRUE(mine.session->ended.is_set());
  EXPECT_EQ(sessions->List(owner).size(), 100U);
}

TEST_F(SessionsTest, AllOthersCanBeRevoked) {
  const auto mine = SignIn();
  const auto child = Open(mine.session, "laptop");
  const auto other_session = SignIn();
  EXPECT_THAT(executor.Await(sessions->RevokeAllOf(owner, mine.session->id)), IsOk());
  EXPECT_FALSE(mine.session->ended.is_set());
  EXPECT_FALSE(child.session->ended.is_set());
  EXPECT_TRUE(other_session.session->ended.is_set());
}

TEST_F(SessionsTest, WhatIsBeingWrittenWhenAllAreEndedDoesNotBegin) {
  auto signing_in = sessions->Create({.user_id = owner});
  signing_in.Start();
  auto ending = sessions->RevokeAllOf(owner);
  ending.Start();
  executor.RunUntilIdle();
  EXPECT_THAT(signing_in.Take(), FailsWith(ErrorKind::kUnauthorized));
  EXPECT_THAT(ending.Take(), IsOk());
  EXPECT_EQ(sessions->size(), 0U);
  ASSERT_THAT(executor.Await(sessions->Reload()), IsOk());
  EXPECT_EQ(sessions->size(), 0U) << "came back from the disk";
  ASSERT_THAT(executor.Await(sessions->Flush()), IsOk());
  EXPECT_TRUE(store::ListSessions(*other).value().empty());
}

TEST_F(SessionsTest, AChildThatIsBeingWrittenWhenItsInstanceIsClosedDoesNotBegin) {
  const auto mine = SignIn();
  auto opening = sessions->CreateChild(mine.session, "laptop");
  opening.Start();
  sessions->EndIf([](const Session& session) { return session.instance_id == "laptop"; });
  executor.RunUntilIdle();
  EXPECT_THAT(opening.Take(), FailsWith(ErrorKind::kUnauthorized));
  EXPECT_EQ(sessions->size(), 1U);
}

TEST_F(SessionsTest, NorDoesOneWhoseParentEndsMeanwhile) {
  const auto mine = SignIn();
  auto opening = sessions->CreateChild(mine.session, "laptop");
  opening.Start();
  ASSERT_THAT(executor.Await(sessions->Revoke(mine.session->id)), IsOk());
  executor.RunUntilIdle();
  EXPECT_THAT(opening.Take(), FailsWith(ErrorKind::kUnauthorized));
  EXPECT_EQ(sessions->size(), 0U);
}

TEST_F(SessionsTest, WhatAnotherProcessDeletesEndsOnReload) {
  const auto mine = SignIn();
  const auto kept = SignIn();
  ASSERT_THAT(store::DeleteSession(*other, mine.session->id), IsOk());
  ASSERT_THAT(executor.Await(sessions->Reload()), IsOk());
  EXPECT_TRUE(mine.session->ended.is_set());
  EXPECT_EQ(sessions->Authenticate(kept.cookie.Reveal()), kept.session);
}

TEST_F(SessionsTest, ALockedDatabaseLetsNobodyNewInAndKeepsThoseInside) {
  const auto mine = SignIn();
  auto lock = LockDatabase();
  EXPECT_THAT(executor.Await(sessions->Create({.user_id = owner})),
              FailsWith(ErrorKind::kUnavailable));
  EXPECT_NE(sessions->Authenticate(mine.cookie.Reveal()), nullptr);
  lock.reset();
  SignIn();
}

TEST_F(SessionsTest, ARevocationThatCannotBeWrittenCountsAtOnceAndIsWrittenLater) {
  const auto mine = SignIn();
  auto lock = LockDatabase();
  EXPECT_THAT(executor.Await(sessions->Revoke(mine.session->id)),
              FailsWith(ErrorKind::kUnavailable));
  EXPECT_EQ(sessions->Authenticate(mine.cookie.Reveal()), nullptr);
  ASSERT_THAT(executor.Await(sessions->Reload()), IsOk());
  EXPECT_EQ(sessions->Authenticate(mine.cookie.Reveal()), nullptr) << "came back from the disk";
  lock.reset();
  EXPECT_THAT(executor.Await(sessions->Flush()), IsOk());
  EXPECT_TRUE(store::ListSessions(*other).value().empty());
}

TEST_F(SessionsTest, OneThatBeganBeforeTheClockWasSetBackLivesNoLongerForThat) {
  time += hours(24 * 365);
  const auto mine = SignIn();
  const auto child = Open(mine.session, "laptop");
  time -= hours(24 * 365);
  ASSERT_THAT(executor.Await(sessions->Flush()), IsOk());
  EXPECT_EQ(mine.session->expires_at, time + limits.session_absolute);
  Pass(hours(11));
  ASSERT_NE(sessions->AuthenticateChild(child.cookie.Reveal(), "laptop"), nullptr);
  ASSERT_THAT(executor.Await(sessions->Flush()), IsOk());
  sessions = Make();
  ASSERT_THAT(executor.Await(sessions->Flush()), IsOk());
  const auto found = sessions->Authenticate(mine.cookie.Reveal());
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->expires_at, time - hours(11) + limits.session_absolute);
  Pass(hours(12));
  sessions->EndExpired();
  EXPECT_TRUE(found->ended.is_set());
  EXPECT_EQ(sessions->size(), 0U);
}

TEST_F(SessionsTest, OneThatWasReadWithTimesToComeIsBoundedAsWell) {
  time += hours(24 * 365);
  const auto mine = SignIn();
  time -= hours(24 * 365);
  sessions = Make();
  ASSERT_THAT(executor.Await(sessions->Flush()), IsOk());
  const WallTime end = sessions->Find(mine.session->id)->expires_at;
  EXPECT_EQ(end, time + limits.session_absolute);
  while (time < end) {
    EXPECT_NE(sessions->Authenticate(mine.cookie.Reveal()), nullptr);
    Pass(hours(6));
  }
  EXPECT_EQ(sessions->Authenticate(mine.cookie.Reveal()), nullptr);
}

TEST_F(SessionsTest, ExpiredRowsAreDeleted) {
  SignIn();
  Pass(hours(13));
  sessions->EndExpired();
  EXPECT_THAT(executor.Await(sessions->Flush()), IsOk());
  EXPECT_TRUE(store::ListSessions(*other).value().empty());
}

TEST_F(SessionsTest, AnUnknownUserCannotSignIn) {
  EXPECT_THAT(executor.Await(sessions->Create({.user_id = 4711})),
              FailsWith(ErrorKind::kUnauthorized));
}

}  // namespace
}  // namespace berth::identity
