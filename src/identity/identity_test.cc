// The parts together over time: other processes' changes, expiry, write-back, and no secret on the
// disk.
#include "identity/identity.h"

#include <fstream>
#include <iterator>

#include "base/task_group.h"
#include "identity/fixture_testing.h"

namespace berth::identity {
namespace {

using ::berth::testing::IsOk;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct IdentityTest : testing::IdentityFixture {
  Identity identity{context()};
  Job maintenance;

  void SetUp() override {
    ASSERT_THAT(executor.Await(identity.Load()), IsOk());
    maintenance = Job(executor, "maintenance", identity.Maintain());
  }
  CreatedSession SignIn() {
    return executor.Await(identity.sessions().Create({.user_id = identity.owner_id()})).value();
  }
};

TEST_F(IdentityTest, TheOwnerIsThereFromTheFirstStartAndStaysTheSame) {
  EXPECT_EQ(identity.owner_id(), owner);
  EXPECT_FALSE(executor.Await(identity.HasAnybodySignedIn()).value());
  SignIn();
  EXPECT_TRUE(executor.Await(identity.HasAnybodySignedIn()).value());
}

TEST_F(IdentityTest, ATokenRevokedByAnotherProcessIsCutWithinASecond) {
  const auto made = CreateAgentToken(*other, owner, "laptop", {}, time, random).value();
  Pass(milliseconds(600));
  const auto token = identity.tokens().Authenticate(made.text.Reveal());
  ASSERT_NE(token, nullptr);
  ASSERT_THAT(store::RevokeToken(*other, made.id, time), IsOk());
  Pass(milliseconds(600));
  EXPECT_TRUE(token->ended.is_set());
}

TEST_F(IdentityTest, AnExpiredTokenIsCutWithinASecondWithoutAnyRequest) {
  const auto made =
      executor.Await(identity.tokens().Create(owner, "brief", {.expires_at = time + seconds(5)}));
  const auto token = identity.tokens().Authenticate(made.value().text.Reveal());
  Pass(milliseconds(4900));
  EXPECT_FALSE(token->ended.is_set());
  Pass(milliseconds(700));
  EXPECT_TRUE(token->ended.is_set());
}

TEST_F(IdentityTest, AnExpiredSessionIsCutWithinASecondWithoutAnyRequest) {
  limits.session_idle = seconds(5);
  const auto mine = SignIn();
  Pass(milliseconds(4900));
  EXPECT_FALSE(mine.session->ended.is_set());
  Pass(milliseconds(700));
  EXPECT_TRUE(mine.session->ended.is_set());
}

TEST_F(IdentityTest, TimesOfUseAreWrittenEachMinute) {
  const auto mine = SignIn();
  for (int i = 0; i < 125; ++i) {
    Pass(milliseconds(500));
    mine.session->was_used = true;
  }
  const auto stored = store::ListSessions(*other).value().at(0).last_used_at;
  EXPECT_GE(stored, mine.session->created_at + seconds(59));
}

TEST_F(IdentityTest, ALockedDatabaseIsRiddenOut) {
  const auto mine = SignIn();
  auto lock = LockDatabase();
  const auto revoked = executor.Await(identity.sessions().Revoke(mine.session->id));
  EXPECT_FALSE(revoked);
  for (int i = 0; i < 200; ++i) Pass(milliseconds(500));
  lock.reset();
  for (int i = 0; i < 20; ++i) Pass(milliseconds(500));
  EXPECT_TRUE(store::ListSessions(*other).value().empty());
}

TEST_F(IdentityTest, ARemovalDuringALockedDatabaseIsWrittenSoonAfter) {
  store::UserProfile profile;
  profile.name = "mia";
  const auto mia = executor.Await(identity.people().Admit("github", "1", std::move(profile)));
  auto lock = LockDatabase();
  EXPECT_FALSE(executor.Await(identity.people().Remove((*mia)->id)));
  Pass(milliseconds(500));
  lock.reset();
  for (int i = 0; i < 12; ++i) Pass(milliseconds(500));
  EXPECT_TRUE(store::FindUser(*other, (*mia)->id).value()->is_removed);
}

TEST_F(IdentityTest, NoIssuedSecretIsInTheDatabaseFiles) {
  std::vector<std::string> secrets;
  const auto mine = SignIn();
  secrets.emplace_back(mine.cookie.Reveal());
  const auto child =
      executor.Await(identity.sessions().CreateChild(mine.session, "laptop")).value();
  secrets.emplace_back(child.cookie.Reveal());
  secrets.emplace_back(executor.Await(identity.login_codes().Issue(owner)).value().Reveal());
  secrets.emplace_back(executor.Await(identity.tokens().Create(owner, "x")).value().text.Reveal());
  secrets.emplace_back(identity.tickets().Issue(mine.session, "laptop").Reveal());

  std::string bytes;
  for (const auto& file : std::filesystem::directory_iterator(folder.path())) {
    std::ifstream in(file.path(), std::ios::binary);
    bytes.append(std::istreambuf_iterator<char>(in), {});
  }
  ASSERT_NE(bytes.find(mine.session->id), std::string::npos) << "looked in the wrong place";
  for (const auto& secret : secrets) {
    // base64url holds '_' too, so it separates only where there is no dot.
    const std::size_t dot = secret.contains('.') ? secret.find('.') : secret.rfind('_');
    ASSERT_GE(secret.size() - dot, 43U);
    EXPECT_EQ(bytes.find(secret.substr(dot + 1)), std::string::npos);
    EXPECT_EQ(bytes.find(secret.substr(dot + 1, 12)), std::string::npos);
  }
}

}  // namespace
}  // namespace berth::identity
