// Sign-in codes and tickets: once, in time, for the right party, or not at all.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "identity/fixture_testing.h"
#include "identity/login_codes.h"
#include "identity/sessions.h"
#include "identity/tickets.h"

namespace berth::identity {
namespace {

using ::berth::testing::FailsWith;
using ::berth::testing::IsOk;

struct LoginCodesTest : testing::IdentityFixture {
  LoginCodes codes{*store, limits.login_code_lifetime, clock, random};

  Secret Issue() { return executor.Await(codes.Issue(owner)).value(); }
  Result<std::int64_t> Redeem(std::string_view text) {
    return executor.Await(codes.Redeem(Secret(text)));
  }
};

TEST_F(LoginCodesTest, ACodeSignsItsUserInOnce) {
  const Secret code = Issue();
  EXPECT_EQ(Redeem(code.Reveal()).value(), owner);
  EXPECT_THAT(Redeem(code.Reveal()), FailsWith(ErrorKind::kUnauthorized));
}

TEST_F(LoginCodesTest, ACodeLivesFifteenMinutes) {
  const Secret early = Issue();
  const Secret late = Issue();
  Pass(std::chrono::minutes(15) - std::chrono::milliseconds(1));
  EXPECT_THAT(Redeem(early.Reveal()), IsOk());
  Pass(std::chrono::milliseconds(1));
  EXPECT_THAT(Redeem(late.Reveal()), FailsWith(ErrorKind::kUnauthorized));
}

TEST_F(LoginCodesTest, ACodeLivesNoLongerForAClockThatWasSetBack) {
  const Secret code = Issue();
  time -= std::chrono::hours(1);
  EXPECT_THAT(Redeem(code.Reveal()), FailsWith(ErrorKind::kUnauthorized));
}

TEST_F(LoginCodesTest, AWrongSecretDoesNotUseTheCodeUp) {
  const Secret code = Issue();
  const Secret unrelated = Issue();
  const std::string wrong =
      std::string(code.Reveal().substr(0, 17)) + std::string(unrelated.Reveal().substr(17));
  EXPECT_THAT(Redeem(wrong), FailsWith(ErrorKind::kUnauthorized));
  EXPECT_THAT(Redeem("nonsense"), FailsWith(ErrorKind::kUnauthorized));
  EXPECT_THAT(Redeem(code.Reveal()), IsOk());
}

TEST_F(LoginCodesTest, WhatIsNoCodeIsRefusedWithoutTheDatabase) {
  auto redeemed = codes.Redeem(Secret("no code"));
  redeemed.Start();
  ASSERT_TRUE(redeemed.is_done());
  EXPECT_THAT(redeemed.Take(), FailsWith(ErrorKind::kUnauthorized));
}

TEST_F(LoginCodesTest, ACodeOfAnotherProcessCounts) {
  const auto code = IssueLoginCode(*other, owner, limits.login_code_lifetime, time, random);
  EXPECT_EQ(Redeem(code.value().Reveal()).value(), owner);
}

TEST_F(LoginCodesTest, ACodeLivesNoLongerThanThisHubAllows) {
  const auto code = IssueLoginCode(*other, owner, std::chrono::hours(1), time, random);
  Pass(limits.login_code_lifetime);
  EXPECT_THAT(Redeem(code.value().Reveal()), FailsWith(ErrorKind::kUnauthorized));
  const auto brief = IssueLoginCode(*other, owner, std::chrono::minutes(1), time, random);
  Pass(std::chrono::minutes(1));
  EXPECT_THAT(Redeem(brief.value().Reveal()), FailsWith(ErrorKind::kUnauthorized));
}

TEST_F(LoginCodesTest, ALockedDatabaseLeavesTheCodeGood) {
  const Secret code = Issue();
  auto lock = LockDatabase();
  EXPECT_THAT(Redeem(code.Reveal()), FailsWith(ErrorKind::kUnavailable));
  lock.reset();
  EXPECT_THAT(Redeem(code.Reveal()), IsOk());
}

struct TicketsTest : testing::IdentityFixture {
  Sessions sessions{executor, *store, limits, clock, random};
  Tickets tickets{limits.ticket_lifetime, clock, random};
  SessionPtr session = executor.Await(sessions.Create({.user_id = owner})).value().session;
};

TEST_F(TicketsTest, ATicketOpensItsInstanceOnce) {
  const Secret ticket = tickets.Issue(session, "laptop");
  EXPECT_EQ(tickets.Redeem(ticket.Reveal(), "laptop"), session);
  EXPECT_EQ(tickets.Redeem(ticket.Reveal(), "laptop"), nullptr);
}

TEST_F(TicketsTest, ATicketForAnotherInstanceIsRefusedAndSpent) {
  const Secret ticket = tickets.Issue(session, "laptop");
  EXPECT_EQ(tickets.Redeem(ticket.Reveal(), "server"), nullptr);
  EXPECT_EQ(tickets.Redeem(ticket.Reveal(), "laptop"), nullptr);
}

TEST_F(TicketsTest, ATicketLivesThirtySeconds) {
  const Secret ticket = tickets.Issue(session, "laptop");
  Pass(std::chrono::seconds(30));
  EXPECT_EQ(tickets.Redeem(ticket.Reveal(), "laptop"), nullptr);
}

TEST_F(TicketsTest, ATicketDiesWithItsSession) {
  const Secret ticket = tickets.Issue(session, "laptop");
  ASSERT_THAT(executor.Await(sessions.Revoke(session->id)), IsOk());
  EXPECT_EQ(tickets.Redeem(ticket.Reveal(), "laptop"), nullptr);
}

TEST_F(TicketsTest, ManyTicketsOfASessionPushOutItsOwnOldest) {
  const SessionPtr another = executor.Await(sessions.Create({.user_id = owner})).value().session;
  const Secret of_another = tickets.Issue(another, "laptop");
  for (int i = 0; i < 5'000; ++i) tickets.Issue(session, "laptop");
  const Secret oldest = tickets.Issue(session, "laptop");
  const Secret second = tickets.Issue(session, "laptop");
  for (int i = 0; i < 31; ++i) tickets.Issue(session, "laptop");
  EXPECT_EQ(tickets.Redeem(oldest.Reveal(), "laptop"), nullptr);
  EXPECT_EQ(tickets.Redeem(second.Reveal(), "laptop"), session);
  EXPECT_EQ(tickets.Redeem(of_another.Reveal(), "laptop"), another);
}

TEST_F(TicketsTest, ManySessionsPushOutTheOldestOfAll) {
  const Secret oldest = tickets.Issue(session, "laptop");
  const Secret second = tickets.Issue(session, "laptop");
  std::vector<SessionPtr> others;
  for (int i = 0; i < 4'095; ++i) {
    store::SessionRow row;
    row.id = fmt::format("other-{}", i);
    others.push_back(std::make_shared<Session>(executor, row));
    tickets.Issue(others.back(), "laptop");
  }
  EXPECT_EQ(tickets.Redeem(oldest.Reveal(), "laptop"), nullptr);
  EXPECT_EQ(tickets.Redeem(second.Reveal(), "laptop"), session);
}

}  // namespace
}  // namespace berth::identity
