#include "hub/stream_assertions.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/limits.h"
#include "http/h2_client_session.h"
#include "identity/fixture_testing.h"

namespace berth::hub {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;

struct StreamAssertionsTest : identity::testing::IdentityFixture {
  Sealer sealer{RandomBytes<32>(SystemRandom()), SystemRandom()};
  identity::SigningKeys keys{*store, sealer, clock, random};
  std::string id = "box";
  StreamAssertions assertions{keys, clock, id};
  identity::PersonPtr mona = Person("octocat");

  StreamAssertionsTest() {
    EXPECT_THAT(executor.Await(keys.Reload()), IsOk());
    assertions.Begin("tunnel-1");
    announced = assertions.Announce();
  }

  static identity::PersonPtr Person(std::string login) {
    store::User user;
    user.id = 7;
    user.provider = "github";
    user.subject = "583231";
    user.login = std::move(login);
    user.name = "Mona";
    user.groups = {"acme"};
    user.group_ids = {"7"};
    return std::make_shared<const store::User>(std::move(user));
  }
  std::string For(const identity::PersonPtr& person, std::string_view session = "s",
                  control::Role role = control::Role::kOwner) {
    return assertions.For(person, session, role).value();
  }
  Result<control::Assertion> Verify(std::string_view text) {
    const auto key = Ed25519PublicKey::FromText(announced.at(0).public_key).value();
    return control::VerifyAssertion(
        text, {.audience = "box", .tunnel = "tunnel-1", .now = time},
        [&](std::string_view id) { return id == key.Id() ? &key : nullptr; });
  }
  void Rotate() {
    ASSERT_THAT(other->InTransaction([&](store::Database& database) {
      return identity::RotateSigningKey(database, sealer, time, random, true);
    }),
                IsOk());
    ASSERT_THAT(executor.Await(keys.Reload()), IsOk());
  }

  std::vector<control::HubKey> announced;
};

TEST_F(StreamAssertionsTest, SayWhoTheUserIs) {
  const auto read = Verify(For(mona, "s", control::Role::kOperator));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->user_id, 7);
  EXPECT_EQ(read->provider, "github");
  EXPECT_EQ(read->subject, "583231");
  EXPECT_EQ(read->login, "octocat");
  EXPECT_EQ(read->groups, std::vector<std::string>{"acme"});
  EXPECT_EQ(read->group_ids, std::vector<std::string>{"7"});
  EXPECT_EQ(read->role, control::Role::kOperator);
  EXPECT_EQ(read->expires_at - read->issued_at, 60);
}

TEST_F(StreamAssertionsTest, OneServesASessionForTenSeconds) {
  const std::string first = For(mona);
  Pass(std::chrono::milliseconds(9'999));
  EXPECT_EQ(For(mona), first);
  EXPECT_THAT(Verify(first), IsOk());
  Pass(std::chrono::milliseconds(1));
  const std::string second = For(mona);
  EXPECT_NE(second, first);
  EXPECT_THAT(Verify(second), IsOk());
}

TEST_F(StreamAssertionsTest, OneThatIsReusedOutlivesALinkThatStandsStill) {
  For(mona);
  Pass(std::chrono::milliseconds(9'999));
  const std::string reused = For(mona);
  const Limits limits;
  Pass(http::kLongestWaitForPlace + limits.ping_after + limits.ping_answer);
  EXPECT_THAT(Verify(reused), IsOk());
}

TEST_F(StreamAssertionsTest, NoneIsOfTheTunnelBefore) {
  const std::string first = For(mona);
  assertions.Begin("tunnel-2");
  EXPECT_NE(For(mona), first);
}

TEST_F(StreamAssertionsTest, NoneIsDatedAheadOfAClockThatWasSetBack) {
  const std::string first = For(mona);
  Pass(std::chrono::seconds(8));
  time -= std::chrono::seconds(4);
  EXPECT_EQ(For(mona), first) << "it was made before that";
  time -= std::chrono::hours(1);
  EXPECT_THAT(Verify(For(mona)), IsOk());
}

TEST_F(StreamAssertionsTest, AnotherRoleOrAnotherStateOfTheUserHasItsOwn) {
  const std::string first = For(mona);
  EXPECT_NE(For(mona, "s", control::Role::kViewer), first);
  EXPECT_EQ(For(mona), first);
  EXPECT_EQ(Verify(For(Person("renamed")))->login, "renamed");
}

TEST_F(StreamAssertionsTest, AnAgentThatAsksForNoneGetsNone) {
  assertions.Begin("");
  EXPECT_EQ(For(mona), "");
  EXPECT_EQ(For(mona, "s", control::Role::kOperator), "");
}

TEST_F(StreamAssertionsTest, NobodyOnlyLooksThroughAnAgentThatAsksForNone) {
  assertions.Begin("");
  EXPECT_THAT(assertions.For(mona, "s", control::Role::kViewer), FailsWith(ErrorKind::kForbidden));
}

TEST_F(StreamAssertionsTest, SignsWithTheNewestKeyThatTheAgentWasTold) {
  const std::string old_id = announced.at(0).public_key;
  Rotate();
  EXPECT_THAT(Verify(For(mona)), IsOk());  // Not told yet: the old one.
  announced = assertions.Announce();
  ASSERT_EQ(announced.size(), 2U);
  EXPECT_EQ(announced[1].public_key, old_id);
  EXPECT_THAT(Verify(For(mona)), IsOk());
  const auto newer = Ed25519PublicKey::FromText(announced[0].public_key).value();
  const auto older = Ed25519PublicKey::FromText(old_id).value();
  ASSERT_EQ(announced[0].endorsements.size(), 1U);
  EXPECT_EQ(announced[0].endorsements[0].key_id, older.Id());
  EXPECT_TRUE(older.Verify(control::EndorsementText(newer),
                           Base64UrlDecode(announced[0].endorsements[0].signature).value()));
  EXPECT_TRUE(announced[1].endorsements.empty());
}

TEST_F(StreamAssertionsTest, KeepsABoundedNumber) {
  const std::string first = For(mona, "session-0");
  Pass(std::chrono::seconds(1));
  for (int i = 1; i <= 256; ++i) For(mona, fmt::format("session-{}", i));
  EXPECT_NE(For(mona, "session-0"), first);  // Dropped and made anew.
}

TEST_F(StreamAssertionsTest, WhatCannotBeSignedOpensNothing) {
  store::User odd = *mona;
  odd.subject = std::string(300, 'x');
  EXPECT_THAT(assertions.For(std::make_shared<const store::User>(odd), "s", control::Role::kOwner),
              FailsWith(ErrorKind::kInvalid));
}

}  // namespace
}  // namespace berth::hub
