// Looking at people again: what each answer of a provider leads to, and when.
#include "identity/membership.h"

#include <gtest/gtest.h>

#include "identity/fixture_testing.h"

namespace berth::identity {
namespace {

using namespace std::chrono_literals;
using berth::testing::IsOk;

/// A provider that answers as the test says.
class ScriptedProvider : public SignInProvider {
 public:
  std::string_view name() const override { return "github"; }
  std::string label() const override { return "GitHub"; }
  std::string home() const override { return "https://github.com"; }
  Task<Result<std::string>> AuthorizeUrl(AuthorizeRequest) override {
    co_return Internal("not here");
  }
  Task<Result<VerifiedPerson>> Redeem(CodeRequest, Credential&) override {
    co_return Internal("not here");
  }
  Task<Result<VerifiedPerson>> Recheck(store::User person, Credential& credential) override {
    ++asked;
    last_refresh = credential.refresh.Reveal();
    if (!next_refresh.empty()) credential.refresh = Secret(next_refresh);
    if (gate != nullptr) co_await gate->Wait();
    if (error) co_return *error;
    VerifiedPerson verified;
    verified.subject = subject.empty() ? person.subject : subject;
    verified.profile.name = "renamed";
    verified.profile.groups = groups;
    verified.is_admitted = is_admitted;
    co_return verified;
  }

  int asked = 0;
  std::string subject;  ///< Whose the credential proves to be; "": whom it was kept for.
  bool is_admitted = true;
  std::optional<std::vector<std::string>> groups = std::vector<std::string>();
  std::optional<Error> error;
  std::string last_refresh;
  std::string next_refresh;
  Event* gate = nullptr;  ///< What the answer waits for.
};

struct MembershipTest : testing::IdentityFixture {
  Identity identity{context()};
  Providers providers;
  ScriptedProvider* provider = nullptr;
  std::optional<MembershipChecks> checks;
  Job running;

  MembershipTest() {
    auto one = std::make_unique<ScriptedProvider>();
    provider = one.get();
    providers.push_back(std::move(one));
    EXPECT_THAT(executor.Await(identity.Load()), IsOk());
  }
  ~MembershipTest() override {
    running.Cancel();
    checks.reset();
  }

  void Start() {
    running.Cancel();
    time += 1ms;  // Who was checked before the start is due.
    checks.emplace(context(), identity, providers);
    running = Job(executor, "membership", checks->Run());
    executor.RunUntilIdle();
  }
  /// Time in steps, so that both clocks go together.
  void PassAll(std::chrono::milliseconds duration) {
    for (auto left = duration; left > 0ms; left -= 1s) Pass(1s);
  }
  PersonPtr Admit(std::string subject, std::optional<std::vector<std::string>> groups = {}) {
    store::UserProfile profile;
    profile.name = subject;
    profile.groups = std::move(groups);
    profile.sealed_credential = SealCredential(
        sealer, "github", subject, Credential{.access = Secret("a"), .refresh = Secret("r1")});
    return executor.Await(identity.people().Admit("github", subject, std::move(profile))).value();
  }
  SessionPtr SignInAs(const PersonPtr& person) {
    NewSession wanted;
    wanted.user_id = person->id;
    return executor.Await(identity.sessions().Create(std::move(wanted)))->session;
  }
  bool IsRemoved(const PersonPtr& person) { return identity.people().Find(person->id)->is_removed; }
};

TEST_F(MembershipTest, EverybodyIsAskedAboutAtTheStartAndThenEachInterval) {
  const PersonPtr person = Admit("1");
  Start();
  EXPECT_EQ(provider->asked, 1);
  EXPECT_EQ(identity.people().Find(person->id)->name, "renamed");
  PassAll(limits.membership_recheck - 5s);
  EXPECT_EQ(provider->asked, 1);
  PassAll(10s);
  EXPECT_EQ(provider->asked, 2);
  EXPECT_FALSE(IsRemoved(person));
}

TEST_F(MembershipTest, WhoIsNoLongerAdmittedIsGoneWithTheSession) {
  const PersonPtr person = Admit("1");
  const SessionPtr session = SignInAs(person);
  provider->is_admitted = false;
  Start();
  EXPECT_TRUE(IsRemoved(person));
  EXPECT_TRUE(session->ended.is_set());
  EXPECT_TRUE(identity.people().Find(person->id)->sealed_credential.empty());
}

TEST_F(MembershipTest, ARefusedCredentialEndsAccessToo) {
  const PersonPtr person = Admit("1");
  provider->error = Unauthorized("revoked");
  Start();
  EXPECT_TRUE(IsRemoved(person));
}

TEST_F(MembershipTest, ACredentialOfSomebodyElseEndsAccessToo) {
  const PersonPtr person = Admit("1");
  provider->subject = "2";
  Start();
  EXPECT_TRUE(IsRemoved(person));
  EXPECT_EQ(identity.people().Find("github", "2"), nullptr);
}

TEST_F(MembershipTest, AbsenceIsBorneForTheGraceAndNoLonger) {
  const PersonPtr person = Admit("1");
  provider->error = Unavailable("away");
  Start();
  PassAll(limits.membership_recheck + limits.membership_grace - 90s);
  EXPECT_FALSE(IsRemoved(person));
  EXPECT_GT(provider->asked, 10);
  PassAll(180s);
  EXPECT_TRUE(IsRemoved(person));
}

TEST_F(MembershipTest, AStartAfterALongTimeAsksBeforeItRemoves) {
  const PersonPtr person = Admit("1");
  Pass(limits.membership_recheck + limits.membership_grace + 24h);
  Start();
  EXPECT_FALSE(IsRemoved(person));
  provider->error = Timeout("away");
  const PersonPtr other = Admit("2");
  running.Cancel();
  Pass(limits.membership_recheck + limits.membership_grace + 24h);
  EXPECT_FALSE(IsRemoved(other));
  Start();
  EXPECT_FALSE(IsRemoved(other)) << "the network may come a little later";
  PassAll(90s);
  EXPECT_TRUE(IsRemoved(other));
}

TEST_F(MembershipTest, ASleepAsksBeforeItRemovesAndOnceMore) {
  Start();
  const PersonPtr person = Admit("1");
  provider->error = Unavailable("no network yet");
  time += 24h;
  PassAll(5s);
  EXPECT_EQ(provider->asked, 1);
  EXPECT_FALSE(IsRemoved(person));
  provider->error.reset();
  PassAll(90s);
  EXPECT_EQ(provider->asked, 2);
  EXPECT_FALSE(IsRemoved(person));
}

TEST_F(MembershipTest, NoNumberOfSleepsKeepsAccess) {
  const PersonPtr person = Admit("1");
  provider->error = Unavailable("away");
  Start();
  PassAll(limits.membership_recheck);
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(i > 3 || !IsRemoved(person)) << i;
    time += 24h;
    PassAll(15s);
  }
  EXPECT_TRUE(IsRemoved(person));
}

TEST_F(MembershipTest, AClockThatWasSetBackAsksAtOnce) {
  const PersonPtr person = Admit("1");
  Start();
  PassAll(90s);
  time -= 24h;
  PassAll(5s);
  EXPECT_EQ(provider->asked, 2);
  PassAll(limits.membership_recheck + 5s);
  EXPECT_EQ(provider->asked, 3);
  EXPECT_FALSE(IsRemoved(person));
}

TEST_F(MembershipTest, WhoWasConfirmedAtATimeToComeIsAskedAboutAtTheStart) {
  time += 24h;
  const PersonPtr person = Admit("1");
  time -= 24h;
  provider->is_admitted = false;
  Start();
  EXPECT_TRUE(IsRemoved(person));
}

TEST_F(MembershipTest, WhoWasConfirmedAtATimeToComeHasTheGraceAndNoMore) {
  time += 24h;
  const PersonPtr person = Admit("1");
  time -= 24h;
  provider->error = Unavailable("away");
  Start();
  PassAll(limits.membership_grace - 90s);
  EXPECT_FALSE(IsRemoved(person));
  PassAll(180s);
  EXPECT_TRUE(IsRemoved(person));
}

TEST_F(MembershipTest, GroupsThatWereToldAtATimeToComeDoNotStayForThat) {
  time += 24h;
  const PersonPtr person = Admit("1", {{"acme"}});
  time -= 24h;
  provider->groups.reset();
  Start();
  EXPECT_EQ(identity.people().Find(person->id)->groups, std::vector<std::string>{"acme"});
  PassAll(2 * limits.membership_recheck + limits.membership_grace);
  EXPECT_TRUE(identity.people().Find(person->id)->groups.empty());
  EXPECT_FALSE(IsRemoved(person));
}

TEST_F(MembershipTest, AnAnswerThatNeverComesDoesNotKeepAccess) {
  const PersonPtr person = Admit("1");
  Event never(executor);
  provider->gate = &never;
  std::vector<PersonPtr> more;
  for (int i = 2; i < 20; ++i) more.push_back(Admit(std::to_string(i)));
  Start();
  EXPECT_EQ(provider->asked, 8) << "so many at a time";
  PassAll(limits.membership_recheck + limits.membership_grace + 120s);
  EXPECT_TRUE(IsRemoved(more.back())) << "nobody came to ask about them";
  running.Cancel();
  checks.reset();
}

TEST_F(MembershipTest, ASlowAnswerDoesNotLengthenTheGrace) {
  limits.membership_recheck = 20s;
  limits.membership_grace = 20s;
  const PersonPtr person = Admit("1");
  Start();
  Event never(executor);
  provider->gate = &never;
  PassAll(limits.membership_recheck + limits.membership_grace - 1s);
  EXPECT_FALSE(IsRemoved(person));
  PassAll(1s + limits.provider_timeout);  // A question that began just before the end of the grace.
  EXPECT_TRUE(IsRemoved(person));
}

TEST_F(MembershipTest, WhoHasJustSignedInIsNotAskedAboutAgain) {
  Start();
  const PersonPtr person = Admit("1");
  Pass(5s);
  EXPECT_EQ(provider->asked, 0);
  // A machine that slept: asked first, too.
  Pass(limits.membership_recheck + limits.membership_grace + 24h);
  EXPECT_EQ(provider->asked, 1);
  EXPECT_FALSE(IsRemoved(person));
}

TEST_F(MembershipTest, GroupsThatAreToldAtSignInOnlyCountForTheGraceAndNoLonger) {
  const PersonPtr person = Admit("1", {{"acme"}});
  const auto groups = [&] { return identity.people().Find(person->id)->groups; };
  provider->groups.reset();
  Start();
  PassAll(limits.membership_recheck + limits.membership_grace - 90s);
  EXPECT_EQ(groups(), std::vector<std::string>{"acme"});
  Start();  // A restart does not renew them.
  PassAll(limits.membership_recheck + 180s);
  EXPECT_TRUE(groups().empty());
  EXPECT_FALSE(IsRemoved(person));
  provider->groups = {{"acme"}};
  PassAll(limits.membership_recheck + 1s);
  EXPECT_EQ(groups(), std::vector<std::string>{"acme"});
}

TEST_F(MembershipTest, PeopleOfAProviderThatIsSwitchedOffAreRemoved) {
  const PersonPtr person = Admit("1");
  const SessionPtr session = SignInAs(person);
  providers.clear();
  Start();
  EXPECT_TRUE(IsRemoved(person));
  EXPECT_TRUE(session->ended.is_set());
  EXPECT_FALSE(identity.people().Find(owner)->is_removed) << "the local owner is nobody's";
}

TEST_F(MembershipTest, ANewRefreshTokenIsKeptThoughTheAnswerFailed) {
  Admit("1");
  provider->error = Unavailable("userinfo is away");
  provider->next_refresh = "r2";
  Start();
  EXPECT_EQ(provider->last_refresh, "r1");
  PassAll(limits.membership_recheck + 120s);
  EXPECT_EQ(provider->last_refresh, "r2");
}

TEST_F(MembershipTest, ANewRefreshTokenIsKeptThoughTheDatabaseIsLocked) {
  const PersonPtr person = Admit("1");
  provider->next_refresh = "r2";
  auto lock = LockDatabase();
  Start();
  EXPECT_EQ(provider->last_refresh, "r1");
  PassAll(90s);
  EXPECT_EQ(provider->last_refresh, "r2");
  lock.reset();
  ASSERT_THAT(executor.Await(identity.Flush()), IsOk());
  EXPECT_EQ(store::FindUser(*other, person->id).value()->sealed_credential,
            identity.people().Find(person->id)->sealed_credential);
}

TEST_F(MembershipTest, WhoSignsInMeanwhileIsNotTouchedByAnOlderAnswer) {
  const PersonPtr person = Admit("1");
  Event gate(executor);
  provider->gate = &gate;
  provider->is_admitted = false;
  Start();
  Pass(1s);
  Admit("1");
  gate.Set();
  executor.RunUntilIdle();
  EXPECT_FALSE(IsRemoved(person));
}

}  // namespace
}  // namespace berth::identity
