// The tables, one by one, on a real file.
#include <gmock/gmock.h>

#include "base/result_testing.h"
#include "base/temp_folder_testing.h"
#include "store/api_tokens.h"
#include "store/audit.h"
#include "store/instances.h"
#include "store/login_codes.h"
#include "store/sessions.h"
#include "store/shares.h"
#include "store/signing_keys.h"
#include "store/tokens.h"
#include "store/users.h"

namespace berth::store {
namespace {

using ::berth::testing::FailsWith;
using ::berth::testing::IsOk;
using ::berth::testing::TempFolder;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

struct TablesTest : ::testing::Test {
  TempFolder folder;
  std::unique_ptr<Database> database = Database::Open(folder.path()).value();
  WallTime now = FromUnixMs(1'000'000);
  std::int64_t owner = EnsureUser(*database, "local", "owner", "owner", now).value().id;
  std::int64_t guest = EnsureUser(*database, "github", "583231", "octocat", now).value().id;
};

TEST_F(TablesTest, AUserIsKnownByProviderAndSubjectWhateverTheName) {
  const auto again = EnsureUser(*database, "github", "583231", "renamed", now).value();
  EXPECT_EQ(again.id, guest);
  EXPECT_EQ(again.name, "renamed");
  EXPECT_NE(EnsureUser(*database, "github", "7", "renamed", now).value().id, guest);
  EXPECT_EQ(FindUser(*database, guest).value()->subject, "583231");
  EXPECT_EQ(FindUser(*database, 12345).value(), std::nullopt);
}

TEST_F(TablesTest, ThatNobodyEverSignedInIsAFact) {
  EXPECT_FALSE(HasAnybodySignedIn(*database).value());
  ASSERT_THAT(NoteSignIn(*database, owner, now), IsOk());
  EXPECT_TRUE(HasAnybodySignedIn(*database).value());
  EXPECT_EQ(FindUser(*database, owner).value()->last_sign_in_at, now);
}

SessionRow MakeSession(std::string id, std::int64_t user, std::optional<std::string> parent) {
  SessionRow row;
  row.id = std::move(id);
  row.secret_hash = Sha256(row.id);
  row.user_id = user;
  if (parent) row.instance_id = "laptop";
  row.parent_id = std::move(parent);
  row.expires_at = FromUnixMs(99);
  row.address = "192.0.2.1";
  row.user_agent = "Browser/1";
  return row;
}

TEST_F(TablesTest, ChildSessionsGoWithTheirParent) {
  ASSERT_THAT(InsertSession(*database, MakeSession("p", owner, std::nullopt)), IsOk());
  ASSERT_THAT(InsertSession(*database, MakeSession("c", owner, "p")), IsOk());
  ASSERT_THAT(InsertSession(*database, MakeSession("q", owner, std::nullopt)), IsOk());
  EXPECT_THAT(InsertSession(*database, MakeSession("x", owner, "gone")),
              FailsWith(ErrorKind::kConflict));
  ASSERT_THAT(DeleteSession(*database, "p"), IsOk());
  const auto left = ListSessions(*database).value();
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].id, "q");
  EXPECT_EQ(left[0].secret_hash, Sha256("q"));
  EXPECT_EQ(left[0].expires_at, FromUnixMs(99));
  EXPECT_EQ(left[0].user_agent, "Browser/1");
}

TEST_F(TablesTest, TheUseOfASessionDoesNotPutOffItsEnd) {
  ASSERT_THAT(InsertSession(*database, MakeSession("s", owner, std::nullopt)), IsOk());
  ASSERT_THAT(NoteSessionUse(*database, "s", FromUnixMs(50), FromUnixMs(90)), IsOk());
  ASSERT_THAT(NoteSessionUse(*database, "s", FromUnixMs(60), FromUnixMs(95)), IsOk());
  EXPECT_EQ(ListSessions(*database).value()[0].last_used_at, FromUnixMs(60));
  EXPECT_EQ(ListSessions(*database).value()[0].expires_at, FromUnixMs(90));
}

TEST_F(TablesTest, RevokedTokensStayAndKeepTheirFirstTime) {
  TokenRow token;
  token.id = "0123456789abcdef";
  token.user_id = owner;
  token.name = "laptop";
  token.created_at = now;
  ASSERT_THAT(InsertToken(*database, token), IsOk());
  EXPECT_THAT(InsertToken(*database, token), FailsWith(ErrorKind::kConflict));
  EXPECT_EQ(ListTokens(*database).value()[0].revoked_at, std::nullopt);
  EXPECT_TRUE(RevokeToken(*database, token.id, FromUnixMs(7)).value());
  EXPECT_FALSE(RevokeToken(*database, token.id, FromUnixMs(8)).value());
  EXPECT_EQ(ListTokens(*database).value()[0].revoked_at, FromUnixMs(7));
  EXPECT_THAT(RevokeToken(*database, "none", now), FailsWith(ErrorKind::kNotFound));
}

TEST_F(TablesTest, OfTheRevokedTokensOfAUserTheLastStay) {
  const auto put = [this](std::string id, std::int64_t user, std::optional<int> revoked) {
    TokenRow token;
    token.id = std::move(id);
    token.user_id = user;
    token.created_at = now;
    ASSERT_THAT(InsertToken(*database, token), IsOk());
    if (revoked) ASSERT_THAT(RevokeToken(*database, token.id, FromUnixMs(*revoked)), IsOk());
  };
  put("a", owner, 3);
  put("b", owner, 1);
  put("c", owner, 2);
  put("d", owner, std::nullopt);
  put("e", guest, 1);
  EXPECT_EQ(CountTokens(*database, owner).value(), 1);
  ASSERT_THAT(ForgetRevokedTokens(*database, owner, 2), IsOk());
  std::string left;
  for (const TokenRow& token : ListTokens(*database).value()) left += token.id;
  EXPECT_EQ(left, "acde");
}

TEST_F(TablesTest, AnInstanceBelongsToWhoCameFirst) {
  const auto first = ClaimInstance(*database, "laptop", owner, R"({"a":1})", now).value();
  EXPECT_EQ(first.first_seen_at, now);
  EXPECT_THAT(ClaimInstance(*database, "laptop", guest, "{}", now),
              FailsWith(ErrorKind::kForbidden));
  const auto later = now + std::chrono::hours(1);
  const auto again = ClaimInstance(*database, "laptop", owner, "{}", later).value();
  EXPECT_EQ(again.first_seen_at, now);
  EXPECT_EQ(again.last_seen_at, later);
  EXPECT_EQ(again.metadata, "{}");
  ASSERT_THAT(NoteInstanceSeen(*database, "laptop", now), IsOk());  // The clock was set back.
  EXPECT_EQ(FindInstance(*database, "laptop").value()->last_seen_at, later);
  EXPECT_EQ(again.user_id, owner);
  ASSERT_THAT(SetInstanceMetadata(*database, "laptop", R"({"a":2})"), IsOk());
  EXPECT_EQ(FindInstance(*database, "laptop").value()->metadata, R"({"a":2})");
  EXPECT_THAT(SetInstanceMetadata(*database, "none", "{}"), IsOk());
  EXPECT_EQ(FindInstance(*database, "none").value(), std::nullopt);
}

TEST_F(TablesTest, TheLabelOfAnInstanceOutlivesItsRegistrations) {
  ASSERT_THAT(ClaimInstance(*database, "laptop", owner, "{}", now), IsOk());
  ASSERT_THAT(SetInstanceLabel(*database, "laptop", owner, "Ours"), IsOk());
  EXPECT_THAT(SetInstanceLabel(*database, "laptop", guest, "Mine"),
              FailsWith(ErrorKind::kNotFound));
  EXPECT_EQ(ClaimInstance(*database, "laptop", owner, "{}", now).value().label, "Ours");
  EXPECT_EQ(FindInstance(*database, "laptop").value()->label, "Ours");
  EXPECT_EQ(ListInstances(*database).value().size(), 1U);
  EXPECT_THAT(SetInstanceLabel(*database, "none", owner, "Ours"), FailsWith(ErrorKind::kNotFound));
  EXPECT_TRUE(DeleteInstance(*database, "laptop").value());
  EXPECT_FALSE(DeleteInstance(*database, "laptop").value());
}

TEST_F(TablesTest, OldLoginCodesAreTidiedAway) {
  LoginCodeRow code{.id = "c",
                    .secret_hash = Sha256("c"),
                    .user_id = owner,
                    .created_at = now,
                    .expires_at = now + std::chrono::minutes(15)};
  ASSERT_THAT(InsertLoginCode(*database, code), IsOk());
  ASSERT_THAT(DeleteExpiredLoginCodes(*database, now), IsOk());
  EXPECT_TRUE(FindLoginCode(*database, "c").value().has_value());
  ASSERT_THAT(DeleteExpiredLoginCodes(*database, code.expires_at), IsOk());
  EXPECT_FALSE(FindLoginCode(*database, "c").value().has_value());
}

TEST_F(TablesTest, AProfileIsKeptUntilItsUserIsRemoved) {
  UserProfile profile;
  profile.name = "The Octocat";
  profile.login = "octocat";
  profile.groups = {"acme", "acme/platform"};
  profile.group_ids = {"7", "7/platform"};
  profile.sealed_credential = {std::byte{1}, std::byte{2}};
  ASSERT_THAT(SetUserProfile(*database, guest, profile, FromUnixMs(5)), IsOk());
  ASSERT_THAT(SetUserRole(*database, guest, HubRole::kOwner), IsOk());
  auto user = FindUser(*database, guest).value().value();
  EXPECT_EQ(user.name, "The Octocat");
  EXPECT_EQ(user.groups, profile.groups);
  EXPECT_EQ(user.group_ids, profile.group_ids);
  EXPECT_EQ(user.sealed_credential, profile.sealed_credential);
  EXPECT_EQ(user.checked_at, FromUnixMs(5));
  EXPECT_EQ(user.role, HubRole::kOwner);
  ASSERT_THAT(SetUserRemoved(*database, guest, true), IsOk());
  user = FindUser(*database, guest).value().value();
  EXPECT_TRUE(user.is_removed);
  EXPECT_TRUE(user.groups.empty());
  EXPECT_TRUE(user.group_ids.empty());
  EXPECT_TRUE(user.sealed_credential.empty());
  EXPECT_THAT(SetUserRole(*database, 4711, HubRole::kOwner), FailsWith(ErrorKind::kNotFound));
}

TEST_F(TablesTest, AShareReplacesOneForTheSameSubject) {
  ASSERT_THAT(ClaimInstance(*database, "laptop", owner, "{}", now), IsOk());
  ShareRow share{.instance_id = "laptop", .subject = std::to_string(guest), .created_by = owner};
  const auto first = PutShare(*database, share).value();
  share.role = ShareRole::kOperator;
  share.expires_at = FromUnixMs(77);
  EXPECT_EQ(PutShare(*database, share).value(), first);
  const auto shares = ListShares(*database).value();
  ASSERT_EQ(shares.size(), 1U);
  EXPECT_EQ(shares[0].role, ShareRole::kOperator);
  EXPECT_EQ(shares[0].expires_at, FromUnixMs(77));
}

TEST_F(TablesTest, WhichGroupAShareMeansIsSaidOnce) {
  ASSERT_THAT(ClaimInstance(*database, "laptop", owner, "{}", now), IsOk());
  ShareRow share{
      .instance_id = "laptop", .kind = ShareKind::kGroup, .subject = "acme", .created_by = owner};
  const auto id = PutShare(*database, share).value();
  for (const char* group : {"7", "8"}) {
    ASSERT_THAT(SetShareGroup(*database, id, group), IsOk());
    EXPECT_EQ(ListShares(*database).value()[0].group_id, "7");
  }
  // Shared anew, it is for what the name means now.
  share.group_id = "8";
  ASSERT_THAT(PutShare(*database, share), IsOk());
  EXPECT_EQ(ListShares(*database).value()[0].group_id, "8");
}

TEST_F(TablesTest, AnIdStaysItsFirstOwners) {
  ASSERT_THAT(ClaimInstance(*database, "laptop", owner, "{}", now), IsOk());
  ASSERT_TRUE(DeleteInstance(*database, "laptop").value());
  ASSERT_THAT(SetUserRemoved(*database, owner, true), IsOk());
  EXPECT_THAT(ClaimInstance(*database, "laptop", guest, "{}", now),
              FailsWith(ErrorKind::kForbidden));
  EXPECT_FALSE(FindInstance(*database, "laptop").value().has_value());
  EXPECT_THAT(ClaimInstance(*database, "laptop", owner, "{}", now), IsOk());
}

TEST_F(TablesTest, AnIdThatIsReleasedIsNobodys) {
  EXPECT_THAT(ReleaseId(*database, "laptop"), FailsWith(ErrorKind::kNotFound));
  ASSERT_THAT(ClaimInstance(*database, "laptop", owner, "{}", now), IsOk());
  EXPECT_THAT(ReleaseId(*database, "laptop"), FailsWith(ErrorKind::kConflict));
  ASSERT_TRUE(DeleteInstance(*database, "laptop").value());
  ASSERT_THAT(ReleaseId(*database, "laptop"), IsOk());
  EXPECT_THAT(ClaimInstance(*database, "laptop", guest, "{}", now), IsOk());
}

TEST_F(TablesTest, ApiTokensAndSigningKeysComeBackAsTheyWere) {
  ApiTokenRow token{.id = "t", .secret_hash = Sha256("s"), .user_id = guest, .name = "script"};
  token.scopes = {"instances:read", "audit:read"};
  token.expires_at = FromUnixMs(9);
  ASSERT_THAT(InsertApiToken(*database, token), IsOk());
  ASSERT_THAT(NoteApiTokenUse(*database, "t", FromUnixMs(4)), IsOk());
  const auto tokens = ListApiTokens(*database).value();
  ASSERT_EQ(tokens.size(), 1U);
  EXPECT_EQ(tokens[0].scopes, token.scopes);
  EXPECT_EQ(tokens[0].expires_at, FromUnixMs(9));
  EXPECT_EQ(tokens[0].last_used_at, FromUnixMs(4));
  EXPECT_TRUE(DeleteApiToken(*database, "t").value());
  EXPECT_FALSE(DeleteApiToken(*database, "t").value());

  SigningKeyRow key{.id = "k", .public_key = {std::byte{7}}, .sealed_private_key = {std::byte{8}}};
  ASSERT_THAT(InsertSigningKey(*database, key), IsOk());
  EXPECT_EQ(ListSigningKeys(*database).value().at(0).sealed_private_key, key.sealed_private_key);
  EXPECT_TRUE(DeleteSigningKey(*database, "k").value());
}

TEST_F(TablesTest, TheAuditLogShowsWhatWasChangedAndTakesNoChanges) {
  for (const char* action : {"sign_in", "open", "sign_out"}) {
    AuditEntry entry;
    entry.at = now;
    entry.actor_id = owner;
    entry.actor = "owner";
    entry.action = action;
    entry.result = "ok";
    ASSERT_THAT(AppendAudit(*database, entry), IsOk());
  }
  const auto verdict = VerifyAudit(*database).value();
  EXPECT_EQ(verdict.rows, 3);
  EXPECT_EQ(verdict.broken_at, std::nullopt);
  const auto newest = ListAudit(*database, 0, 2).value().rows;
  ASSERT_EQ(newest.size(), 2U);
  EXPECT_EQ(newest[0].entry.action, "sign_out");
  EXPECT_EQ(newest[0].hash, verdict.last_hash);
  EXPECT_EQ(ListAudit(*database, 2, 9, {.actor_id = guest}).value().rows.size(), 0U);
  EXPECT_THAT(database->Run("DELETE FROM audit"), FailsWith(ErrorKind::kConflict));
  EXPECT_THAT(database->Run("UPDATE audit SET actor = 'x'"), FailsWith(ErrorKind::kConflict));

  // Somebody with the file and without the triggers.
  ASSERT_THAT(database->RunScript("DROP TRIGGER audit_is_append_only_1;"
                                  "UPDATE audit SET actor = 'x' WHERE seq = 2"),
              IsOk());
  EXPECT_EQ(VerifyAudit(*database).value().broken_at, 2);
}

TEST_F(TablesTest, TheAuditLogIsFilteredByEveryPartThatIsGiven) {
  const auto add = [this](std::optional<std::int64_t> actor_id, std::string actor,
                          std::string action, std::string instance, std::string result) {
    AuditEntry entry;
    entry.at = now;
    entry.actor_id = actor_id;
    entry.actor = std::move(actor);
    entry.action = std::move(action);
    entry.instance_id = std::move(instance);
    entry.result = std::move(result);
    ASSERT_THAT(AppendAudit(*database, entry), IsOk());
  };
  const std::string name = FindUser(*database, guest).value()->name;
  add(owner, "owner", "open", "laptop", "ok");
  add(guest, "a token of theirs", "open", "tower", "denied");
  add(guest, name, "sign_in", "", "ok");
  add(std::nullopt, "agent token 7", "open", "laptop", "denied");
  const auto found = [this](const AuditFilter& filter, std::int64_t before = 0) {
    std::vector<std::int64_t> seqs;
    const auto rows = ListAudit(*database, before, 9, filter).value().rows;
    for (const auto& row : rows) seqs.push_back(row.seq);
    std::vector<std::int64_t> forwards;
    EXPECT_THAT(EachAudit(*database, 0, filter,
                          [&](const AuditRow& row) { forwards.insert(forwards.begin(), row.seq); }),
                IsOk());
    if (before == 0) EXPECT_EQ(forwards, seqs);
    return seqs;
  };
  using Seqs = std::vector<std::int64_t>;
  EXPECT_EQ(found({}), (Seqs{4, 3, 2, 1}));
  EXPECT_EQ(found({.action = "open"}), (Seqs{4, 2, 1}));
  EXPECT_EQ(found({.action = "open"}, 4), (Seqs{2, 1}));
  EXPECT_EQ(found({.action = "open", .instance_id = "laptop", .result = "denied"}), (Seqs{4}));
  EXPECT_EQ(found({.actor = name}), (Seqs{3, 2})) << "their tokens too";
  EXPECT_EQ(found({.actor = "agent token 7"}), (Seqs{4}));
  EXPECT_EQ(found({.actor_id = owner, .actor = name}), Seqs());
  EXPECT_EQ(found({.action = "' OR 1=1 --"}), Seqs());
}

TEST_F(TablesTest, OneLookIntoTheAuditLogGoesThroughSoManyRows) {
  for (const char* action : {"open", "sign_in", "open", "sign_in", "sign_in"}) {
    ASSERT_THAT(AppendAudit(*database, {.action = action}), IsOk());
  }
  using Seqs = std::vector<std::int64_t>;
  const auto look = [this](std::int64_t before, std::int64_t limit) {
    const auto page = ListAudit(*database, before, limit, {.action = "open"}, 2).value();
    Seqs seqs;
    for (const auto& row : page.rows) seqs.push_back(row.seq);
    return std::pair(seqs, page.next_before);
  };
  EXPECT_EQ(look(0, 9), std::pair(Seqs(), std::int64_t{4}));
  EXPECT_EQ(look(99, 9), look(0, 9)) << "what is not there yet is not looked through";
  EXPECT_EQ(look(4, 9), std::pair(Seqs{3}, std::int64_t{2}));
  EXPECT_EQ(look(4, 1), std::pair(Seqs{3}, std::int64_t{3}));
  EXPECT_EQ(look(2, 9), std::pair(Seqs{1}, std::int64_t{0}));
}

TEST_F(TablesTest, WhatOneUserDidIsFoundWithoutLookingAtWhatOthersDid) {
  std::string plan;
  const std::string statement = ListAuditStatement({.actor_id = guest, .action = "open"});
  ASSERT_THAT(
      database->Query("EXPLAIN QUERY PLAN " + statement, {9, guest, "", "open", "", "", 9, 1},
                      [&](const Row& row) { plan += row.String(3) + "\n"; }),
      IsOk());
  EXPECT_THAT(
      plan,
      StartsWith("SEARCH audit USING INDEX audit_by_actor (actor_id=? AND rowid>? AND rowid<?)"));
  EXPECT_THAT(plan, Not(HasSubstr("TEMP B-TREE")));
}

}  // namespace
}  // namespace berth::store
