// Agent tokens: made, used, revoked, here and by another process.
#include "identity/agent_tokens.h"

#include "identity/fixture_testing.h"

namespace berth::identity {
namespace {

using ::berth::testing::FailsWith;
using ::berth::testing::IsOk;

struct AgentTokensTest : testing::IdentityFixture {
  std::unique_ptr<AgentTokens> tokens = Make();

  std::unique_ptr<AgentTokens> Make() {
    auto made = std::make_unique<AgentTokens>(executor, *store, clock, random);
    EXPECT_THAT(executor.Await(made->Reload()), IsOk());
    return made;
  }
  CreatedAgentToken Create(std::string name = "laptop") {
    auto created = executor.Await(tokens->Create(owner, std::move(name)));
    EXPECT_THAT(created, IsOk());
    return *std::move(created);
  }
};

TEST_F(AgentTokensTest, LetsInWhoeverHoldsTheToken) {
  const auto created = Create();
  const auto token = tokens->Authenticate(created.text.Reveal());
  ASSERT_NE(token, nullptr);
  EXPECT_EQ(token->user_id, owner);
  EXPECT_EQ(token->name, "laptop");
  std::string wrong(created.text.Reveal());
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  EXPECT_EQ(tokens->Authenticate(wrong), nullptr);
  EXPECT_EQ(tokens->Authenticate(""), nullptr);
}

TEST_F(AgentTokensTest, SurvivesARestartWithItsTimeOfUse) {
  const auto created = Create();
  Pass(std::chrono::seconds(5));
  ASSERT_NE(tokens->Authenticate(created.text.Reveal()), nullptr);
  ASSERT_THAT(executor.Await(tokens->Flush()), IsOk());
  tokens = Make();
  EXPECT_EQ(tokens->List(owner).at(0).last_used_at, time);
  EXPECT_NE(tokens->Authenticate(created.text.Reveal()), nullptr);
}

TEST_F(AgentTokensTest, RevokingCutsItForGood) {
  const auto created = Create();
  const auto token = tokens->Authenticate(created.text.Reveal());
  EXPECT_THAT(executor.Await(tokens->Revoke(owner, created.id)), IsOk());
  EXPECT_TRUE(token->ended.is_set());
  EXPECT_EQ(tokens->Authenticate(created.text.Reveal()), nullptr);
  tokens = Make();
  EXPECT_EQ(tokens->Authenticate(created.text.Reveal()), nullptr);
  EXPECT_THAT(executor.Await(tokens->Revoke(owner, created.id)), FailsWith(ErrorKind::kNotFound));
}

TEST_F(AgentTokensTest, OnlyItsOwnerMayRevokeIt) {
  const auto created = Create();
  EXPECT_THAT(executor.Await(tokens->Revoke(owner + 1, created.id)),
              FailsWith(ErrorKind::kNotFound));
  EXPECT_NE(tokens->Authenticate(created.text.Reveal()), nullptr);
  EXPECT_TRUE(tokens->List(owner + 1).empty());
}

TEST_F(AgentTokensTest, AnotherProcessMayMakeAndRevokeThem) {
  const auto mine = Create();
  const auto kept = tokens->Authenticate(mine.text.Reveal());
  auto made = CreateAgentToken(*other, owner, "from the command line", {}, time, random);
  ASSERT_THAT(made, IsOk());
  EXPECT_EQ(tokens->Authenticate(made->text.Reveal()), nullptr);
  ASSERT_THAT(executor.Await(tokens->Reload()), IsOk());
  const auto theirs = tokens->Authenticate(made->text.Reveal());
  ASSERT_NE(theirs, nullptr);
  ASSERT_THAT(store::RevokeToken(*other, made->id, time), IsOk());
  ASSERT_THAT(executor.Await(tokens->Reload()), IsOk());
  EXPECT_TRUE(theirs->ended.is_set());
  EXPECT_FALSE(kept->ended.is_set());
  EXPECT_EQ(tokens->Authenticate(mine.text.Reveal()), kept);
}

TEST_F(AgentTokensTest, ARevocationThatCannotBeWrittenCountsAtOnceAndIsWrittenLater) {
  const auto created = Create();
  auto lock = LockDatabase();
  EXPECT_THAT(executor.Await(tokens->Revoke(owner, created.id)),
              FailsWith(ErrorKind::kUnavailable));
  ASSERT_THAT(executor.Await(tokens->Reload()), IsOk());
  EXPECT_EQ(tokens->Authenticate(created.text.Reveal()), nullptr);
  lock.reset();
  EXPECT_THAT(executor.Await(tokens->Flush()), IsOk());
  EXPECT_TRUE(store::ListTokens(*other).value()[0].revoked_at.has_value());
}

TEST_F(AgentTokensTest, RefusesNamesThatWouldSpoilAList) {
  for (const std::string& bad : {std::string(), std::string(101, 'x'), std::string("a\nb")}) {
    EXPECT_THAT(executor.Await(tokens->Create(owner, bad)), FailsWith(ErrorKind::kInvalid));
  }
}

TEST_F(AgentTokensTest, MayBeLimitedToInstances) {
  const auto any = tokens->Authenticate(Create().text.Reveal());
  EXPECT_TRUE(any->MayRegister("laptop"));
  const auto created =
      executor.Await(tokens->Create(owner, "two", {.instance_ids = {"laptop", "desk"}}));
  ASSERT_THAT(created, IsOk());
  tokens = Make();
  const auto token = tokens->Authenticate(created->text.Reveal());
  EXPECT_TRUE(token->MayRegister("desk"));
  EXPECT_FALSE(token->MayRegister("server"));
  EXPECT_FALSE(token->MayRegister(""));
}

TEST_F(AgentTokensTest, ExpiresAtItsTime) {
  const auto expires_at = time + std::chrono::hours(1);
  const auto created = executor.Await(tokens->Create(owner, "brief", {.expires_at = expires_at}));
  ASSERT_THAT(created, IsOk());
  Pass(std::chrono::hours(1) - std::chrono::milliseconds(1));
  tokens->EndExpired();
  const auto token = tokens->Authenticate(created->text.Reveal());
  ASSERT_NE(token, nullptr);
  EXPECT_FALSE(token->ended.is_set());
  Pass(std::chrono::milliseconds(1));
  EXPECT_EQ(tokens->Authenticate(created->text.Reveal()), nullptr);
  tokens->EndExpired();
  EXPECT_TRUE(token->ended.is_set());
  EXPECT_EQ(tokens->List(owner).at(0).terms.expires_at, expires_at);
  tokens = Make();
  EXPECT_EQ(tokens->Authenticate(created->text.Reveal()), nullptr);
}

TEST_F(AgentTokensTest, AClockThatWasAheadEndsWhatTheTokenOpenedAndNotTheToken) {
  const auto created =
      executor.Await(tokens->Create(owner, "brief", {.expires_at = time + std::chrono::hours(1)}));
  ASSERT_THAT(created, IsOk());
  const auto before = tokens->Authenticate(created->text.Reveal());
  time += std::chrono::hours(24);
  tokens->EndExpired();
  EXPECT_TRUE(before->ended.is_set());
  EXPECT_EQ(tokens->Authenticate(created->text.Reveal()), nullptr);
  time -= std::chrono::hours(24);
  const auto after = tokens->Authenticate(created->text.Reveal());
  ASSERT_NE(after, nullptr);
  EXPECT_FALSE(after->ended.is_set());
  EXPECT_EQ(after->name, "brief");
  tokens->EndExpired();
  EXPECT_FALSE(after->ended.is_set());
  time += std::chrono::hours(1);
  tokens->EndExpired();
  EXPECT_TRUE(after->ended.is_set());
}

TEST_F(AgentTokensTest, EndsEachOfManyAtItsTime) {
  std::vector<AgentTokenPtr> opened;
  for (const int hours : {3, 1, 2}) {
    const auto created = executor.Await(
        tokens->Create(owner, "brief", {.expires_at = time + std::chrono::hours(hours)}));
    ASSERT_THAT(created, IsOk());
    opened.push_back(tokens->Authenticate(created->text.Reveal()));
  }
  const auto ended = [&] {
    std::string text;
    for (const auto& token : opened) text += token->ended.is_set() ? 'x' : '-';
    return text;
  };
  for (const char* const expected : {"---", "-x-", "-xx", "xxx"}) {
    tokens->EndExpired();
    EXPECT_EQ(ended(), expected);
    Pass(std::chrono::hours(1));
  }
}

TEST_F(AgentTokensTest, ATokenThatCameBackIsRevokedLikeAnyOther) {
  const auto created =
      executor.Await(tokens->Create(owner, "brief", {.expires_at = time + std::chrono::hours(1)}));
  ASSERT_THAT(created, IsOk());
  time += std::chrono::hours(24);
  tokens->EndExpired();
  time -= std::chrono::hours(24);
  const auto after = tokens->Authenticate(created->text.Reveal());
  ASSERT_NE(after, nullptr);
  EXPECT_THAT(executor.Await(tokens->Revoke(owner, created->id)), IsOk());
  EXPECT_TRUE(after->ended.is_set());
  EXPECT_EQ(tokens->Authenticate(created->text.Reveal()), nullptr);
}

TEST_F(AgentTokensTest, RefusesTermsThatMakeNoSense) {
  for (const AgentTokenTerms& bad :
       {AgentTokenTerms{.instance_ids = {"laptop", ""}}, AgentTokenTerms{.instance_ids = {"a\nb"}},
        AgentTokenTerms{.instance_ids = std::vector<std::string>(65, "x")},
        AgentTokenTerms{.expires_at = time}}) {
    EXPECT_THAT(executor.Await(tokens->Create(owner, "x", bad)), FailsWith(ErrorKind::kInvalid));
  }
}

TEST_F(AgentTokensTest, OneUserHasABoundedNumber) {
  const auto fill = [this](store::Database& inside) -> Result<void> {
    for (std::int64_t i = 0; i < kMaxAgentTokensPerUser; ++i) {
      auto made = CreateAgentToken(inside, owner, "script", {}, time, random);
      if (!made) return std::move(made).error();
    }
    return Ok();
  };
  ASSERT_THAT(other->InTransaction(fill), IsOk());
  EXPECT_THAT(executor.Await(tokens->Create(owner, "more")), FailsWith(ErrorKind::kConflict));
  EXPECT_THAT(CreateAgentToken(*other, owner, "more", {}, time, random),
              FailsWith(ErrorKind::kConflict));
  const auto guest = store::EnsureUser(*other, "local", "guest", "guest", time).value().id;
  EXPECT_THAT(executor.Await(tokens->Create(guest, "laptop")), IsOk());
  ASSERT_THAT(executor.Await(tokens->Reload()), IsOk());
  ASSERT_THAT(executor.Await(tokens->Revoke(owner, tokens->List(owner).front().id)), IsOk());
  Create();
  EXPECT_EQ(store::ListTokens(*other)->size(), kMaxAgentTokensPerUser + 2) << "one of them revoked";
}

TEST_F(AgentTokensTest, ListsTheNewestFirst) {
  Create("first");
  Pass(std::chrono::seconds(1));
  Create("second");
  const auto list = tokens->List(owner);
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].name, "second");
  EXPECT_EQ(list[1].name, "first");
}

}  // namespace
}  // namespace berth::identity
