#include "agent/hub_trust.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "agent/worker_testing.h"
#include "base/encoding.h"
#include "base/executor_testing.h"
#include "base/private_file.h"
#include "base/result_testing.h"
#include "base/temp_folder_testing.h"
#include "control/assertion.h"

namespace berth::agent {
namespace {

using berth::testing::FailsWith;
using berth::testing::IsOk;

struct HubTrustTest : ::testing::Test {
  berth::testing::TempFolder folder;
  InlineWorker worker;
  const std::filesystem::path file = folder.path() / "state" / "known-hubs";
  const Ed25519PrivateKey first = Ed25519PrivateKey::Generate(SystemRandom());
  const Ed25519PrivateKey second = Ed25519PrivateKey::Generate(SystemRandom());
  const Ed25519PrivateKey third = Ed25519PrivateKey::Generate(SystemRandom());

  Result<HubTrust> Open(std::optional<Ed25519PublicKey> key = {},
                        std::string hub = "https://hub.example") {
    return HubTrust::Open({.hub = std::move(hub), .file = file, .key = std::move(key)}, worker);
  }
  static control::HubKey Announce(const Ed25519PrivateKey& key,
                                  const Ed25519PrivateKey* older = nullptr) {
    control::HubKey entry{.public_key = key.public_key().Text()};
    if (older != nullptr) {
      const auto signature = older->Sign(control::EndorsementText(key.public_key()));
      entry.endorsements.push_back(
          {.key_id = older->public_key().Id(), .signature = Base64UrlEncode(signature)});
    }
    return entry;
  }
};

TEST_F(HubTrustTest, BelievesAHubAtFirstAndThenOnlyThatOne) {
  auto trust = Open().value();
  ASSERT_THAT(trust.Accept({Announce(first)}), IsOk());
  EXPECT_NE(trust.Find(first.public_key().Id()), nullptr);
  EXPECT_EQ(trust.Find(second.public_key().Id()), nullptr);

  auto later = Open().value();
  EXPECT_EQ(later.pinned(), std::vector{first.public_key()});
  const auto refused = later.Accept({Announce(second)});
  ASSERT_THAT(refused, FailsWith(ErrorKind::kForbidden));
  for (const std::string& part : {second.public_key().Id(), first.public_key().Id(),
                                  std::string("--hub-key"), file.string()}) {
    EXPECT_NE(refused.error().message.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(later.Find(second.public_key().Id()), nullptr);
  EXPECT_THAT(later.Accept({Announce(first)}), IsOk());
}

TEST_F(HubTrustTest, BelievesNoMoreThanEightKeysAtOnce) {
  std::vector<control::HubKey> announced;
  for (int i = 0; i < 9; ++i) {
    announced.push_back(Announce(Ed25519PrivateKey::Generate(SystemRandom())));
  }
  auto trust = Open().value();
  ASSERT_THAT(trust.Accept(announced), IsOk());
  EXPECT_EQ(trust.pinned().size(), 8U);
}

TEST_F(HubTrustTest, FollowsAChainOfEndorsements) {
  auto trust = Open().value();
  ASSERT_THAT(trust.Accept({Announce(first)}), IsOk());
  ASSERT_THAT(trust.Accept({Announce(second, &first), Announce(first)}), IsOk());
  EXPECT_NE(trust.Find(first.public_key().Id()), nullptr);
  EXPECT_NE(trust.Find(second.public_key().Id()), nullptr);
  ASSERT_THAT(trust.Accept({Announce(third, &second), Announce(second, &first)}), IsOk());
  EXPECT_EQ(trust.Find(first.public_key().Id()), nullptr);  // The hub no longer has it.
  EXPECT_EQ(Open().value().pinned(), (std::vector{third.public_key(), second.public_key()}));
}

TEST_F(HubTrustTest, FollowsSeveralStepsAtOnce) {
  auto trust = Open(first.public_key()).value();
  ASSERT_THAT(trust.Accept({Announce(third, &second), Announce(second, &first)}), IsOk());
  EXPECT_NE(trust.Find(third.public_key().Id()), nullptr);
}

TEST_F(HubTrustTest, BelievesNoEndorsementButOfAPinnedKeyForThatVeryKey) {
  auto trust = Open(first.public_key()).value();
  EXPECT_THAT(trust.Accept({Announce(second, &third)}), FailsWith(ErrorKind::kForbidden));
  EXPECT_THAT(trust.Accept({Announce(second, &second)}), FailsWith(ErrorKind::kForbidden));
  auto of_another = Announce(third, &first);
  of_another.public_key = second.public_key().Text();
  EXPECT_THAT(trust.Accept({of_another}), FailsWith(ErrorKind::kForbidden));
  auto renamed = Announce(second, &third);
  renamed.endorsements[0].key_id = first.public_key().Id();
  EXPECT_THAT(trust.Accept({renamed}), FailsWith(ErrorKind::kForbidden));
  for (const char* signature : {"", "A", "!!", "AAAA"}) {
    auto odd = Announce(second);
    odd.endorsements = {{.key_id = first.public_key().Id(), .signature = signature}};
    EXPECT_THAT(trust.Accept({odd}), FailsWith(ErrorKind::kForbidden)) << signature;
  }
  // A stranger beside the right key gains nothing.
  ASSERT_THAT(trust.Accept({Announce(second), Announce(first)}), IsOk());
  EXPECT_EQ(trust.Find(second.public_key().Id()), nullptr);
}

TEST_F(HubTrustTest, RefusesAHubWithoutKeys) {
  auto trust = Open().value();
  EXPECT_THAT(trust.Accept({}), FailsWith(ErrorKind::kInvalid));
  EXPECT_THAT(trust.Accept({{.public_key = "nonsense"}}), FailsWith(ErrorKind::kInvalid));
  EXPECT_TRUE(trust.pinned().empty());
}

TEST_F(HubTrustTest, WhatTheUserSaysCountsMoreThanWhatWasPinned) {
  ASSERT_THAT(Open().value().Accept({Announce(second)}), IsOk());
  auto told = Open(first.public_key()).value();
  EXPECT_THAT(told.Accept({Announce(second)}), FailsWith(ErrorKind::kForbidden));
  ASSERT_THAT(told.Accept({Announce(first)}), IsOk());
  // And what it led to is believed from then on, even once the hub has given up the first.
  ASSERT_THAT(told.Accept({Announce(second, &first), Announce(first)}), IsOk());
  ASSERT_THAT(told.Accept({Announce(third, &second), Announce(second)}), IsOk());
  auto again = Open(first.public_key()).value();
  EXPECT_THAT(again.Accept({Announce(third, &second)}), IsOk());
}

TEST_F(HubTrustTest, KeepsHubsApart) {
  ASSERT_THAT(Open().value().Accept({Announce(first)}), IsOk());
  auto other = Open({}, "https://other.example").value();
  EXPECT_TRUE(other.pinned().empty());
  ASSERT_THAT(other.Accept({Announce(second)}), IsOk());
  EXPECT_EQ(Open().value().pinned(), std::vector{first.public_key()});
  EXPECT_EQ(Open({}, "https://other.example").value().pinned(), std::vector{second.public_key()});
}

TEST_F(HubTrustTest, WillNotReadAFileOfOthersOrADamagedOne) {
  ASSERT_THAT(Open().value().Accept({Announce(first)}), IsOk());
  struct stat status{};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  ASSERT_EQ(::chmod(file.c_str(), 0644), 0);
  EXPECT_THAT(Open(), FailsWith(ErrorKind::kForbidden));
  for (const char* text :
       {"https://hub.example", "https://hub.example ", "https://hub.example x\n", "nonsense"}) {
    ASSERT_THAT(WritePrivateFile(file, text), IsOk());
    EXPECT_THAT(Open(), FailsWith(ErrorKind::kInvalid)) << text;
  }
  ASSERT_THAT(WritePrivateFile(file, ""), IsOk());
  EXPECT_TRUE(Open().value().pinned().empty());
}

TEST_F(HubTrustTest, EnrolmentReplacesWhatWasPinnedForThatHub) {
  ASSERT_THAT(Open().value().Accept({Announce(first)}), IsOk());
  ASSERT_THAT(PinHubKeys(file, "https://hub.example", {second.public_key()}), IsOk());
  EXPECT_EQ(Open().value().pinned(), std::vector{second.public_key()});
}

TEST_F(HubTrustTest, TakesOtherPinsWhileItRuns) {
  berth::testing::TestExecutor executor;
  const auto look = [&] { executor.Advance(std::chrono::seconds(3)); };
  auto trust = Open().value();
  ASSERT_THAT(trust.Accept({Announce(first)}), IsOk());
  ASSERT_THAT(trust.Accept({Announce(second)}), FailsWith(ErrorKind::kForbidden));
  auto enrolled = trust.AwaitOtherPins(executor);
  enrolled.Start();
  look();
  ASSERT_THAT(PinHubKeys(file, "https://other.example", {second.public_key()}), IsOk());
  look();
  ASSERT_FALSE(enrolled.is_done());  // Another hub's.
  ASSERT_THAT(PinHubKeys(file, "https://hub.example", {second.public_key()}), IsOk());
  look();
  ASSERT_TRUE(enrolled.is_done());
  EXPECT_THAT(trust.Accept({Announce(first)}), FailsWith(ErrorKind::kForbidden));
  EXPECT_THAT(trust.Accept({Announce(second)}), IsOk());

  auto removed = trust.AwaitOtherPins(executor);
  removed.Start();
  look();
  ASSERT_FALSE(removed.is_done());
  ASSERT_THAT(WritePrivateFile(file, "nonsense"), IsOk());
  look();
  ASSERT_FALSE(removed.is_done());
  std::filesystem::remove(file);
  look();
  ASSERT_FALSE(removed.is_done());  // What is gone is nobody's word.
  ASSERT_THAT(WritePrivateFile(file, "# Nothing.\n"), IsOk());
  look();
  ASSERT_TRUE(removed.is_done());
  EXPECT_THAT(trust.Accept({Announce(third)}), IsOk());
}

TEST_F(HubTrustTest, OtherPinsDoNotOverruleTheUser) {
  berth::testing::TestExecutor executor;
  auto trust = Open(first.public_key()).value();
  auto other = trust.AwaitOtherPins(executor);
  other.Start();
  ASSERT_THAT(PinHubKeys(file, "https://hub.example", {second.public_key()}), IsOk());
  executor.Advance(std::chrono::seconds(3));
  EXPECT_FALSE(other.is_done());
  const auto refused = trust.Accept({Announce(second)});
  ASSERT_THAT(refused, FailsWith(ErrorKind::kForbidden));
  EXPECT_EQ(refused.error().message.find("enrol again"), std::string::npos);
}

TEST_F(HubTrustTest, PinsThatCouldNotBeWrittenAreNotGivenUp) {
  berth::testing::TestExecutor executor;
  auto trust = Open().value();
  std::filesystem::create_directories(folder.path());
  std::ofstream(file.parent_path()) << "in the way";
  ASSERT_THAT(trust.Accept({Announce(first)}), IsOk());
  std::filesystem::remove(file.parent_path());
  auto other = trust.AwaitOtherPins(executor);
  other.Start();
  executor.Advance(std::chrono::seconds(3));
  EXPECT_FALSE(other.is_done());
  EXPECT_THAT(trust.Accept({Announce(second)}), FailsWith(ErrorKind::kForbidden));
}

}  // namespace
}  // namespace berth::agent
