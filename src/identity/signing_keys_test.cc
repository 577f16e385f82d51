#include "identity/signing_keys.h"

#include <gtest/gtest.h>

#include "identity/fixture_testing.h"

namespace berth::identity {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;

struct SigningKeysTest : testing::IdentityFixture {
  Sealer sealer{RandomBytes<32>(SystemRandom()), SystemRandom()};
  SigningKeys keys{*store, sealer, clock, random};

  Result<void> Reload() { return executor.Await(keys.Reload()); }
  Result<std::string> Rotate(bool is_forced = false) {
    return other->InTransaction([&](store::Database& database) {
      return RotateSigningKey(database, sealer, time, random, is_forced);
    });
  }
  std::vector<std::string> Ids() {
    std::vector<std::string> ids;
    for (const auto& key : keys.list()) ids.push_back(key.public_key().Id());
    return ids;
  }
};

TEST_F(SigningKeysTest, TheFirstIsMadeAtTheFirstStartAndStays) {
  int changes = 0;
  keys.SetOnChange([&] { ++changes; });
  ASSERT_THAT(Reload(), IsOk());
  ASSERT_EQ(keys.list().size(), 1U);
  const auto first = Ids();
  ASSERT_THAT(Reload(), IsOk());
  EXPECT_EQ(Ids(), first);
  EXPECT_EQ(changes, 1);
  SigningKeys again(*store, sealer, clock, random);
  ASSERT_THAT(executor.Await(again.Reload()), IsOk());
  ASSERT_NE(again.Find(first[0]), nullptr);
  EXPECT_EQ(again.Find("0000000000000000"), nullptr);
  const auto signature = again.list()[0].Sign("x");
  EXPECT_TRUE(keys.list()[0].public_key().Verify("x", signature));
}

TEST_F(SigningKeysTest, TheDatabaseAloneGivesNothingAway) {
  ASSERT_THAT(Reload(), IsOk());
  const Secret secret = keys.list()[0].Raw();
  const auto rows = store::ListSigningKeys(*other).value();
  ASSERT_EQ(rows.size(), 1U);
  const std::string_view sealed(reinterpret_cast<const char*>(rows[0].sealed_private_key.data()),
                                rows[0].sealed_private_key.size());
  EXPECT_EQ(sealed.find(secret.Reveal().substr(0, 8)), std::string_view::npos);
  const Sealer stranger(RandomBytes<32>(SystemRandom()), SystemRandom());
  SigningKeys theirs(*store, stranger, clock, random);
  EXPECT_THAT(executor.Await(theirs.Reload()), FailsWith(ErrorKind::kInvalid));
}

TEST_F(SigningKeysTest, AfterARotationBothLiveAndTheNewestComesFirst) {
  ASSERT_THAT(Reload(), IsOk());
  const std::string first = Ids()[0];
  int changes = 0;
  keys.SetOnChange([&] { ++changes; });
  const std::string second = Rotate().value();  // Within the same millisecond.
  ASSERT_THAT(Reload(), IsOk());
  EXPECT_EQ(Ids(), (std::vector{second, first}));
  EXPECT_EQ(changes, 1);
}

TEST_F(SigningKeysTest, ASecondRotationWaitsForAgentsThatAreAway) {
  ASSERT_THAT(Reload(), IsOk());
  const std::string second = Rotate().value();
  Pass(std::chrono::hours(23));
  EXPECT_THAT(Rotate(), FailsWith(ErrorKind::kConflict));
  Pass(std::chrono::hours(1) + std::chrono::milliseconds(1));
  const std::string third = Rotate().value();
  ASSERT_THAT(Reload(), IsOk());
  EXPECT_EQ(Ids(), (std::vector{third, second}));
  const std::string fourth = Rotate(true).value();
  ASSERT_THAT(Reload(), IsOk());
  EXPECT_EQ(Ids(), (std::vector{fourth, third}));
}

TEST_F(SigningKeysTest, ARotationReplacesKeysThatCannotBeOpenedAnyMore) {
  ASSERT_THAT(Reload(), IsOk());
  sealer = Sealer(RandomBytes<32>(SystemRandom()), SystemRandom());
  EXPECT_THAT(Reload(), FailsWith(ErrorKind::kInvalid));
  ASSERT_EQ(keys.list().size(), 1U);
  const std::string fresh = Rotate(true).value();
  ASSERT_THAT(Reload(), IsOk());
  EXPECT_EQ(Ids(), std::vector{fresh});
}

TEST_F(SigningKeysTest, AFailureLeavesWhatIsThere) {
  ASSERT_THAT(Reload(), IsOk());
  const auto before = Ids();
  ASSERT_THAT(other->RunScript("UPDATE signing_keys SET sealed_private_key = x'00'"), IsOk());
  EXPECT_FALSE(Reload());
  EXPECT_EQ(Ids(), before);
}

}  // namespace
}  // namespace berth::identity
