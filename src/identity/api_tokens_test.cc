// API tokens: made, used, expired, revoked.
#include "identity/api_tokens.h"

#include "identity/fixture_testing.h"

namespace berth::identity {
namespace {

using ::berth::testing::FailsWith;
using ::berth::testing::IsOk;

struct ApiTokensTest : testing::IdentityFixture {
  std::unique_ptr<ApiTokens> tokens = Make();

  std::unique_ptr<ApiTokens> Make() {
    auto made = std::make_unique<ApiTokens>(*store, clock, random);
    EXPECT_THAT(executor.Await(made->Reload()), IsOk());
    return made;
  }
  NewApiToken Wanted() {
    return {.user_id = owner, .name = "script", .scopes = {Scope::kInstancesRead}};
  }
  CreatedApiToken Create(NewApiToken wanted) {
    auto created = executor.Await(tokens->Create(std::move(wanted)));
    EXPECT_THAT(created, IsOk());
    return *std::move(created);
  }
};

TEST_F(ApiTokensTest, LetsInWhoeverHoldsTheTokenWithinItsScopes) {
  const auto created = Create(Wanted());
  const auto token = tokens->Authenticate(created.text.Reveal());
  ASSERT_NE(token, nullptr);
  EXPECT_EQ(token->user_id, owner);
  EXPECT_TRUE(token->Allows(Scope::kInstancesRead));
  EXPECT_FALSE(token->Allows(Scope::kInstancesWrite));
  std::string wrong(created.text.Reveal());
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  EXPECT_EQ(tokens->Authenticate(wrong), nullptr);
  EXPECT_EQ(tokens->Authenticate("ao_" + wrong.substr(3)), nullptr);
  EXPECT_EQ(tokens->Authenticate(""), nullptr);
}

TEST_F(ApiTokensTest, SurvivesARestartWithItsTimeOfUse) {
  const auto created = Create(Wanted());
  Pass(std::chrono::seconds(5));
  ASSERT_NE(tokens->Authenticate(created.text.Reveal()), nullptr);
  ASSERT_THAT(executor.Await(tokens->Flush()), IsOk());
  tokens = Make();
  EXPECT_EQ(tokens->List(owner).at(0).last_used_at, time);
  const auto token = tokens->Authenticate(created.text.Reveal());
  ASSERT_NE(token, nullptr);
  EXPECT_EQ(token->scopes, Wanted().scopes);
}

TEST_F(ApiTokensTest, EndsWhenItExpires) {
  NewApiToken wanted = Wanted();
  wanted.expires_at = time + std::chrono::hours(1);
  const auto created = Create(wanted);
  Pass(std::chrono::minutes(59));
  EXPECT_NE(tokens->Authenticate(created.text.Reveal()), nullptr);
  EXPECT_TRUE(tokens->IsAlive(*created.token));
  Pass(std::chrono::minutes(1));
  EXPECT_FALSE(tokens->IsAlive(*created.token));
  EXPECT_EQ(tokens->Authenticate(created.text.Reveal()), nullptr);
  EXPECT_EQ(tokens->List(owner).size(), 1U);
}

TEST_F(ApiTokensTest, RevokingCountsAtOnceEvenIfTheDiskFails) {
  const auto created = Create(Wanted());
  EXPECT_THAT(executor.Await(tokens->Revoke(owner + 1, created.token->id)),
              FailsWith(ErrorKind::kNotFound));
  auto lock = LockDatabase();
  EXPECT_THAT(executor.Await(tokens->Revoke(owner, created.token->id)),
              FailsWith(ErrorKind::kUnavailable));
  ASSERT_THAT(executor.Await(tokens->Reload()), IsOk());
  EXPECT_EQ(tokens->Authenticate(created.text.Reveal()), nullptr);
  lock.reset();
  EXPECT_THAT(executor.Await(tokens->Flush()), IsOk());
  EXPECT_TRUE(store::ListApiTokens(*other).value().empty());
}

TEST_F(ApiTokensTest, RefusesWhatMakesNoSense) {
  NewApiToken wanted = Wanted();
  wanted.name = "a\nb";
  EXPECT_THAT(executor.Await(tokens->Create(wanted)), FailsWith(ErrorKind::kInvalid));
  wanted = Wanted();
  wanted.scopes.clear();
  EXPECT_THAT(executor.Await(tokens->Create(wanted)), FailsWith(ErrorKind::kInvalid));
  wanted = Wanted();
  wanted.expires_at = time;
  EXPECT_THAT(executor.Await(tokens->Create(wanted)), FailsWith(ErrorKind::kInvalid));
}

TEST_F(ApiTokensTest, OneUserHasABoundedNumber) {
  for (std::int64_t i = 0; i < ApiTokens::kMaxPerUser; ++i) Create(Wanted());
  EXPECT_THAT(executor.Await(tokens->Create(Wanted())), FailsWith(ErrorKind::kConflict));
  const std::string id = tokens->List(owner).front().token->id;
  ASSERT_THAT(executor.Await(tokens->Revoke(owner, id)), IsOk());
  Create(Wanted());
}

TEST(ScopeTest, EveryScopeHasANameOfItsOwn) {
  for (const Scope scope : AllScopes()) EXPECT_EQ(ParseScope(ToString(scope)), scope);
  EXPECT_EQ(ParseScope("instances"), std::nullopt);
  EXPECT_EQ(ParseScope(""), std::nullopt);
}

}  // namespace
}  // namespace berth::identity
